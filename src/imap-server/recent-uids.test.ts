import { describe, expect, it } from 'vitest';
import { RecentUids } from './recent-uids.ts';
import { UidList } from './uid-list.ts';

describe('RecentUids', () => {
  it('knows, finds and counts what is in its ranges', () => {
    const uids = new UidList(Uint32Array.of(1, 3, 4, 7, 9, 12));
    const recent = new RecentUids();
    expect(recent.some).toBe(false);
    expect(recent.count(uids)).toBe(0);
    recent.add(3, 4, uids);
    recent.add(9, 12, uids);
    expect([1, 2, 3, 4, 5, 7, 8, 9, 12, 13].filter((uid) => recent.has(uid))).toEqual([3, 4, 9, 12]);
    expect([...recent.within(uids)]).toEqual([3, 4, 9, 12]);
    expect(recent.count(uids)).toBe(4);
    expect(recent.count(uids, 4)).toBe(1);
    expect(recent.count(uids, 12)).toBe(3);
    uids.remove([3, 12]);
    expect(recent.count(uids)).toBe(2);
    recent.clear();
    expect(recent.has(4)).toBe(false);
  });

  it('takes what only looks see again and again', () => {
    const uids = new UidList(Uint32Array.of(5, 6));
    const recent = new RecentUids();
    recent.add(5, 6, uids);
    uids.append(8);
    recent.add(5, 8, uids);
    uids.append(9);
    recent.add(7, 9, uids);
    expect([...recent.within(uids)]).toEqual([5, 6, 8, 9]);
    expect(recent.count(uids)).toBe(4);
  });

  it('keeps no more than its messages need, however many come and go', () => {
    const uids = new UidList(new Uint32Array(0));
    const recent = new RecentUids();
    for (let uid = 1; uid <= 200; uid++) uids.append(uid);
    for (let uid = 1; uid <= 199; uid += 2) recent.add(uid, uid, uids);
    uids.remove(Array.from({ length: 190 }, (_, index) => index + 1));
    let most = 0;
    for (let uid = 201; uid <= 20_001; uid += 2) {
      uids.append(uid);
      uids.append(uid + 1);
      recent.add(uid, uid, uids);
      if (uid > 201) uids.remove([uid - 2, uid - 1]);
      most = Math.max(most, recent.ranges);
    }
    // Twice as many as had messages when they were looked through last.
    expect(most).toBeLessThanOrEqual(200);
    expect(recent.ranges).toBeLessThanOrEqual(64);
    expect([...recent.within(uids)]).toEqual([191, 193, 195, 197, 199, 20_001]);
    expect(recent.has(200)).toBe(false);
  });
});
