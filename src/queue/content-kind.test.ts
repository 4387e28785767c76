import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentKind } from './content-kind.ts';

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function kindOf(text: string): Promise<string> {
  return await contentKind(chunks(Buffer.from(text), 3));
}

describe('the kind of a content', () => {
  it('is 7BIT, 8BITMIME or BINARYMIME by its bytes and lines', async () => {
    expect(await kindOf('')).toBe('7BIT');
    expect(await kindOf('a\r\n\r\nb')).toBe('7BIT');
    expect(await kindOf('grün\r\n')).toBe('8BITMIME');
    expect(await kindOf('a\nb')).toBe('BINARYMIME');
    expect(await kindOf('a\rb')).toBe('BINARYMIME');
    expect(await kindOf('a\r')).toBe('BINARYMIME');
    expect(await kindOf('a\0b')).toBe('BINARYMIME');
    expect(await kindOf(`${'x'.repeat(998)}\r\n`)).toBe('7BIT');
    expect(await kindOf(`${'x'.repeat(999)}\r\n`)).toBe('BINARYMIME');
  });

  it('does not depend on where chunks end', async () => {
    const piece = fc.constantFrom('\r\n', '\r', '\n', 'a', 'ü', '\0', 'x'.repeat(500));
    await fc.assert(
      fc.asyncProperty(fc.array(piece), fc.integer({ min: 1, max: 50 }), async (pieces, size) => {
        const bytes = Buffer.from(pieces.join(''));
        expect(await contentKind(chunks(bytes, size))).toBe(await contentKind(chunks(bytes, 1_000_000)));
      }),
      { numRuns: 50 },
    );
  });
});
