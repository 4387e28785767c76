import type { UidList } from './uid-list.ts';

/** So many ranges are kept before those without messages are looked for. */
const rangesKept = 64;

/**
 * UIDs of the messages that a session was told of before all others: \Recent for it as long as the mailbox is selected.
 * Source: RFC 3501 §2.3.2
 */
export class RecentUids {
  /** Pairs of first and last UID, ascending. */
  #ranges: number[] = [];
  #mostRanges = rangesKept;

  get some(): boolean {
    return this.#ranges.length > 0;
  }

  /** How many ranges are held. */
  get ranges(): number {
    return this.#ranges.length >>> 1;
  }

  /**
   * @param first not below the first UID of the last range
   * @param uids the session's view, of which none comes later that is not above `last`: so the ranges are no more than its messages
   */
  add(first: number, last: number, uids: UidList): void {
    const ranges = this.#ranges;
    const at = ranges.length - 1;
    if (at > 0 && uids.firstFrom(ranges[at] + 1) === uids.firstFrom(Math.max(first, ranges[at] + 1))) ranges[at] = last;
    else ranges.push(first, last);
    if (ranges.length <= 2 * this.#mostRanges) return;
    const kept: number[] = [];
    for (let i = 0; i < ranges.length; i += 2) {
      if (uids.firstFrom(ranges[i]) < uids.firstFrom(ranges[i + 1] + 1)) kept.push(ranges[i], ranges[i + 1]);
    }
    this.#ranges = kept;
    this.#mostRanges = Math.max(rangesKept, kept.length);
  }

  clear(): void {
    this.#ranges = [];
  }

  has(uid: number): boolean {
    const ranges = this.#ranges;
    let low = 0;
    let high = ranges.length >>> 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranges[2 * middle + 1] < uid) low = middle + 1;
      else high = middle;
    }
    return 2 * low < ranges.length && ranges[2 * low] <= uid;
  }

  /** Those of a view, ascending. */
  within(uids: UidList): Uint32Array {
    return uids.within(this.#ranges);
  }

  /** How many there are in a view. @param below counts those before this UID only */
  count(uids: UidList, below = Number.POSITIVE_INFINITY): number {
    let count = 0;
    for (let at = 0; at < this.#ranges.length; at += 2) {
      const first = uids.firstFrom(Math.min(this.#ranges[at], below));
      count += uids.firstFrom(Math.min(this.#ranges[at + 1] + 1, below)) - first;
    }
    return count;
  }
}
