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
});
