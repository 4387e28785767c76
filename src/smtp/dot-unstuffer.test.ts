import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DotUnstuffer } from './dot-unstuffer.ts';

/** Feeds the wire in pieces of the given sizes, and the rest in one. */
function unstuff(wire: string, sizes: readonly number[] = []) {
  const unstuffer = new DotUnstuffer();
  const bytes = Buffer.from(wire, 'latin1');
  const output: Buffer[] = [];
  let at = 0;
  let end: number | undefined;
  for (const size of [...sizes, bytes.length]) {
    const chunk = bytes.subarray(at, at + size);
    if (chunk.length === 0) continue;
    const consumed = unstuffer.push(chunk, (piece) => output.push(Buffer.from(piece)));
    if (consumed !== undefined) {
      end = at + consumed;
      break;
    }
    at += chunk.length;
  }
  const { bareLineEnd, falseEnd } = unstuffer;
  return { message: Buffer.concat(output).toString('latin1'), end, bareLineEnd, falseEnd };
}

/** The same by the letter of RFC 5321 §4.5.2, on the whole wire at once. */
function unstuffWhole(wire: string) {
  const end = `\r\n${wire}`.indexOf('\r\n.\r\n');
  if (end === -1) return undefined;
  const stuffed = `\r\n${wire}`.slice(0, end + 2);
  const message = stuffed.replace(/\r\n\./g, '\r\n').slice(2);
  return { message, end: end + 3, bareLineEnd: /\r(?!\n)|(?<!\r)\n/.test(stuffed) };
}

const tokens = fc.constantFrom(
  '\r\n',
  '\r\n.',
  '.',
  '..',
  '\r',
  '\n',
  'a',
  'text',
  '\r\n.\r',
  '\n.\n',
  '\r\n.\r\n',
  '\0',
  'ÿ',
);
const wires = fc.array(tokens, { maxLength: 40 }).map((parts) => parts.join(''));
const splits = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 60 });

describe('DotUnstuffer', () => {
  it('ends at a dot alone on a line and leaves what follows', () => {
    expect(unstuff('Hello\r\n.\r\nQUIT\r\n')).toEqual({
      message: 'Hello\r\n',
      end: 10,
      bareLineEnd: false,
      falseEnd: false,
    });
    expect(unstuff('.\r\n')).toMatchObject({ message: '', end: 3 });
  });

  it('removes one dot at the start of a line', () => {
    expect(unstuff('..\r\n...a\r\nb.\r\n.c\r\n.\r\n').message).toBe('.\r\n..a\r\nb.\r\nc\r\n');
  });

  it.each([
    ['a\n.\n', true, true],
    ['a\n.\r\n', true, true],
    ['a\r.\r', true, true],
    ['a\r\n.\n', true, true],
    ['a\r\n.\rb', true, true],
    ['a\r.\r\n', true, true],
    ['a\rb\r\n.\r\n', true, false],
    ['a\nb\r\n.\r\n', true, false],
    ['a\r\r\n.\r\n', true, false],
    ['.\n', true, true],
    ['\n.\r\n', true, true],
    ['a\0b\r\n.\r\n', false, false],
  ])('finds bare line ends in %j', (wire, bareLineEnd, falseEnd) => {
    for (let split = 1; split <= wire.length; split++) {
      expect(unstuff(`${wire}x`, [split])).toMatchObject({ bareLineEnd, falseEnd });
    }
    expect(unstuff(`${wire}x`, Array(wire.length).fill(1))).toMatchObject({ bareLineEnd, falseEnd });
  });

  it('gives what the whole wire gives, however it is split', () => {
    fc.assert(
      fc.property(wires, splits, (wire, sizes) => {
        const expected = unstuffWhole(wire);
        const actual = unstuff(wire, sizes);
        if (expected === undefined) expect(actual.end).toBeUndefined();
        else expect(actual).toMatchObject(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('finds false ends wherever the wire is split', () => {
    fc.assert(
      fc.property(wires, splits, (wire, sizes) => {
        const whole = unstuff(wire);
        const split = unstuff(wire, sizes);
        // A wire cut after CR leaves it open whether a LF would follow: only then may one see less than the other.
        expect(split.bareLineEnd).toBe(whole.bareLineEnd);
        expect(split.falseEnd).toBe(whole.falseEnd);
      }),
      { numRuns: 2000 },
    );
  });
});
