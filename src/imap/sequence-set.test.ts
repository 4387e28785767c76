import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentParser } from './argument-parser.ts';
import { formatNumbers, resolveRanges } from './sequence-set.ts';

const resolve = (text: string, greatest: number): number[] =>
  resolveRanges(new ArgumentParser(text).sequenceSet(), greatest);

describe('a sequence set', () => {
  it('is sorted and joined', () => {
    expect(resolve('5:3,1,2,9', 10)).toEqual([1, 5, 9, 9]);
    expect(resolve('1:2,3:4', 10)).toEqual([1, 4]);
    expect(resolve('1:9,2:3', 10)).toEqual([1, 9]);
  });

  it('takes `*` as the greatest number, in ranges either way round', () => {
    expect(resolve('*', 7)).toEqual([7, 7]);
    expect(resolve('9:*', 7)).toEqual([7, 9]);
    expect(resolve('*:3', 7)).toEqual([3, 7]);
  });

  it('takes `*` as nothing where nothing is', () => {
    expect(resolve('1:*', 0)).toEqual([]);
    expect(resolve('*', 0)).toEqual([]);
    expect(resolve('4,*', 0)).toEqual([4, 4]);
  });

  it('is written so that reading gives the same numbers', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (numbers) => {
        numbers.sort((a, b) => a - b);
        const ranges = resolve(formatNumbers(numbers), 100);
        const expanded: number[] = [];
        for (let at = 0; at < ranges.length; at += 2) {
          for (let value = ranges[at]; value <= ranges[at + 1]; value++) expanded.push(value);
        }
        expect(expanded).toEqual(numbers);
      }),
    );
  });
});
