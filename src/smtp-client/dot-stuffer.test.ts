import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DotStuffer } from './dot-stuffer.ts';

function stuff(...chunks: string[]): string {
  const stuffer = new DotStuffer();
  const output: Uint8Array[] = [];
  for (const chunk of chunks) stuffer.push(Buffer.from(chunk, 'latin1'), output);
  return Buffer.concat([...output, stuffer.end()]).toString('latin1');
}

describe('DotStuffer', () => {
  it('puts a dot before lines that begin with one, wherever chunks end', () => {
    expect(stuff('.a\r\n.\r\n..b\r\nc.\r\n')).toBe('..a\r\n..\r\n...b\r\nc.\r\n.\r\n');
    expect(stuff('a\r', '\n', '.', 'b\r\n')).toBe('a\r\n..b\r\n.\r\n');
  });

  it('ends the last line, and adds nothing to an empty message but the end', () => {
    expect(stuff('a')).toBe('a\r\n.\r\n');
    expect(stuff('a\r')).toBe('a\r\n.\r\n');
    expect(stuff()).toBe('.\r\n');
  });

  it('lets no stray CR or LF through that could end the message', () => {
    expect(stuff('a\n.\nMAIL FROM:<x>\n')).toBe('a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n');
    expect(stuff('a\r.\r', 'b')).toBe('a\r\n..\r\nb\r\n.\r\n');
  });

  it('hands on chunks as they are when nothing changes', () => {
    const chunk = Buffer.from('a: b\r\n\r\ntext\r\n');
    const output: Uint8Array[] = [];
    new DotStuffer().push(chunk, output);
    expect(output).toHaveLength(1);
    expect(output[0]).toBe(chunk);
  });

  it('is undone by taking one dot from each line, however the content is cut', () => {
    const piece = fc.constantFrom('.', '\r\n', 'a', '..', '\r', '\n', 'é');
    fc.assert(
      fc.property(fc.array(fc.array(piece).map((pieces) => pieces.join(''))), (chunks) => {
        const sent = stuff(...chunks);
        expect(sent.endsWith('.\r\n')).toBe(true);
        const lines = sent.slice(0, -3).split('\r\n');
        expect(lines.pop()).toBe('');
        for (const line of lines) expect(line).not.toMatch(/[\r\n]|^\.$/);
        const whole = chunks.join('').replace(/\r\n|\r|\n/g, '\r\n');
        const received = lines.map((line) => `${line.replace(/^\./, '')}\r\n`).join('');
        expect(received).toBe(whole === '' || whole.endsWith('\r\n') ? whole : `${whole}\r\n`);
      }),
    );
  });
});
