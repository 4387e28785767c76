import { describe, expect, it } from 'vitest';
import { ArgumentParser } from './argument-parser.ts';
import { parsePartialRange, takePartial } from './partial-range.ts';

const list = Uint32Array.of(10, 20, 30, 40, 50);
const take = (text: string): number[] => [...takePartial(list, parsePartialRange(new ArgumentParser(text)))];

describe('a partial range', () => {
  it.each([
    ['1:2', [10, 20]],
    ['2:1', [10, 20]],
    ['4:9', [40, 50]],
    ['6:9', []],
    ['5:5', [50]],
    ['-1:-2', [40, 50]],
    ['-2:-1', [40, 50]],
    ['-4:-9', [10, 20]],
    ['-6:-9', []],
    ['-5:-5', [10]],
    ['1:4294967295', [10, 20, 30, 40, 50]],
  ])('%s', (text, expected) => {
    expect(take(text)).toEqual(expected);
  });

  it.each([
    ['1:2', '1:2'],
    ['4:2', '2:4'],
    ['-4:-2', '-2:-4'],
  ])('%s is repeated as %s', (text, expected) => {
    expect(parsePartialRange(new ArgumentParser(text)).text).toBe(expected);
  });

  it.each(['0:1', '1', '1:*', '-1:2', '1:-2', '1:4294967296', '-0:-1', '1:0', ''])('%s is none', (text) => {
    expect(() => take(text)).toThrow();
  });
});
