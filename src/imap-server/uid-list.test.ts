import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UidList } from './uid-list.ts';

describe('a list of UIDs', () => {
  it('tells sequence numbers of many as of one, and of few', () => {
    const ascending = (maxLength: number) =>
      fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength }).map((uids) => Uint32Array.from(uids).sort());
    fc.assert(
      fc.property(fc.oneof(ascending(300), ascending(4)), fc.oneof(ascending(300), ascending(4)), (uids, asked) => {
        const list = new UidList(uids);
        expect([...list.sequencesOf(asked)]).toEqual(Array.from(asked, (uid) => list.indexOf(uid) + 1));
      }),
    );
  });

  it('lets go of the memory of what is removed', () => {
    const list = new UidList(Uint32Array.from({ length: 5000 }, (_, at) => at + 1));
    list.remove(Array.from({ length: 4995 }, (_, at) => at + 1));
    expect([...list.slice()]).toEqual([4996, 4997, 4998, 4999, 5000]);
    expect(list.memory.buffer.byteLength).toBeLessThan(100);
    list.append(5001);
    expect(list.at(5)).toBe(5001);
  });
});
