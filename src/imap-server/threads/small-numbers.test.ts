import { describe, expect, it } from 'vitest';
import { numberDigest } from '../../message/thread-facts.ts';
import { SmallNumbers } from './small-numbers.ts';

describe('small numbers of digests', () => {
  it('are given in turn, and kept', () => {
    const numbers = new SmallNumbers();
    const digests = Array.from({ length: 5000 }, (_, at) => numberDigest(`<${at}@example.org>`));
    expect(digests.map((digest) => numbers.of(digest))).toEqual([...digests.keys()]);
    expect(digests.map((digest) => numbers.of(digest))).toEqual([...digests.keys()]);
    expect(digests.map((_, number) => numbers.digestOf(number))).toEqual(digests);
    expect(numbers.count).toBe(5000);
  });
});
