import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { missingUids } from './missing-uids.ts';
import { UidList } from './uid-list.ts';

describe('missingUids', () => {
  it.each([
    [[], [1, 9], 5, '1:5'],
    [[1, 2, 3], [1, 3], 9, ''],
    [[2, 5, 6], [1, 9], 9, '1,3:4,7:9'],
    [[2, 5, 6], [2, 2, 4, 5, 8, 8], 9, '4,8'],
    [[4_294_967_294], [1, 4_294_967_295], 4_294_967_294, '1:4294967293'],
  ])('of %j in %j up to %i are %s', (uids, ranges, greatest, text) => {
    expect(missingUids(new UidList(Uint32Array.from(uids)), ranges, greatest)).toBe(text);
  });

  it('are those that are not there', () => {
    const number = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(fc.uniqueArray(number), number, number, number, (given, one, other, greatest) => {
        const uids = given.sort((a, b) => a - b);
        const ranges = [Math.min(one, other), Math.max(one, other)];
        const text = missingUids(new UidList(Uint32Array.from(uids)), ranges, greatest);
        const found = text.split(',').flatMap((part) => {
          if (part === '') return [];
          const [first, last = first] = part.split(':').map(Number);
          return Array.from({ length: last - first + 1 }, (_, at) => first + at);
        });
        const all = Array.from({ length: 40 }, (_, at) => at + 1);
        const wanted = (uid: number) => uid >= ranges[0] && uid <= ranges[1] && uid <= greatest && !uids.includes(uid);
        expect(found).toEqual(all.filter(wanted));
      }),
    );
  });
});
