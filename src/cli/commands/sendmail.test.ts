import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { untilDot } from './sendmail.ts';

async function taken(chunks: readonly string[]): Promise<string> {
  return (await buffer(untilDot(Readable.from(chunks.map((chunk) => Buffer.from(chunk)))))).toString();
}

describe('a message from standard input', () => {
  it('ends before a line with a single dot', async () => {
    expect(await taken(['a\n.b\n..\n.\nrest\n'])).toBe('a\n.b\n..\n');
    expect(await taken(['a\r\n.\r\nrest'])).toBe('a\r\n');
    expect(await taken(['a\n.'])).toBe('a\n');
    expect(await taken(['a.\n.'])).toBe('a.\n');
  });

  it('is the same however it is cut', async () => {
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('.', '\n', '\r\n', 'a'), maxLength: 8 }));
    await fc.assert(
      fc.asyncProperty(pieces, async (chunks) => {
        const whole = chunks.join('');
        const end = /(^|\n)\.(\r?\n|\r?$(?![\s\S]))/.exec(whole);
        const expected = end === null ? whole : whole.slice(0, end.index + (end[1] ?? '').length);
        expect(await taken(chunks)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});
