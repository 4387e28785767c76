import type { Remembered } from './mailbox-memory.ts';
import type { Pace } from './pace.ts';
import { sortPaced } from './sort-paced.ts';
import { UidList } from './uid-list.ts';

const bytesEach = 16;

/** Where messages belong by one sort key. Never changes. */
export class SortRanks implements Remembered {
  /** Ascending. */
  readonly uids: Uint32Array;
  /** Of each of them: the less it is, the earlier the message comes; the same where messages are equal. */
  readonly ranks: Float64Array;
  /** Places in both, sorted by rank and then by UID: who has them needs to sort nothing. */
  readonly order: Uint32Array;

  constructor(uids: Uint32Array, ranks: Float64Array, order: Uint32Array) {
    this.uids = uids;
    this.ranks = ranks;
    this.order = order;
  }

  /** @param numbers of the messages, which are their ranks */
  static async ofNumbers(uids: Uint32Array, numbers: Float64Array, pace: Pace): Promise<SortRanks> {
    const compare = (one: number, other: number): number => numbers[one]! - numbers[other]!;
    return new SortRanks(uids, numbers, await sortPaced(allPlaces(uids), compare, pace));
  }

  /** Ranks are whole numbers. @param texts of the messages */
  static async ofTexts(uids: Uint32Array, texts: readonly string[], pace: Pace): Promise<SortRanks> {
    const compare = (one: number, other: number): number => {
      const first = texts[one]!;
      const second = texts[other]!;
      return first === second ? 0 : first < second ? -1 : 1;
    };
    const order = await sortPaced(allPlaces(uids), compare, pace);
    return new SortRanks(
      uids,
      wholeRanks(order, (one, other) => texts[one] === texts[other]),
      order,
    );
  }

  /** The same with ranks that are whole numbers. */
  whole(): SortRanks {
    const { uids, ranks, order } = this;
    return new SortRanks(
      uids,
      wholeRanks(order, (one, other) => ranks[one] === ranks[other]),
      order,
    );
  }

  get sizeBytes(): number {
    return this.uids.length * bytesEach;
  }

  /** How many messages of the order are equal, from one on. @param fromEnd whether it is gone through from its end */
  equalFrom(at: number, fromEnd: boolean): number {
    const { order, ranks } = this;
    const last = order.length - 1;
    const rankAt = (index: number): number => ranks[order[fromEnd ? last - index : index]!]!;
    const rank = rankAt(at);
    let end = at + 1;
    while (end <= last && rankAt(end) === rank) end++;
    return end - at;
  }

  /** @param uids ascending. @returns the place of each; -1 where it is not known */
  placesOf(uids: Uint32Array): Int32Array {
    return new UidList(this.uids).indexesOf(uids);
  }

  /** Those of some that are not known. @param uids ascending */
  lacks(uids: Uint32Array): Uint32Array {
    const places = this.placesOf(uids);
    if (!places.includes(-1)) return uids.subarray(0, 0);
    return uids.filter((_, at) => places[at] === -1);
  }

  /** Without those that are not among some. @param uids ascending */
  within(uids: Uint32Array): SortRanks {
    const kept = new Int32Array(this.uids.length).fill(-1);
    let count = 0;
    let next = 0;
    for (let at = 0; at < this.uids.length; at++) {
      const uid = this.uids[at]!;
      while (next < uids.length && uids[next]! < uid) next++;
      if (uids[next] === uid) kept[at] = count++;
    }
    if (count === this.uids.length) return this;
    const order = this.order.filter((place) => kept[place] !== -1).map((place) => kept[place]!);
    const isKept = (_: number, at: number): boolean => kept[at] !== -1;
    return new SortRanks(this.uids.filter(isKept), this.ranks.filter(isKept), order);
  }

  /**
   * Puts others in, of which none is known.
   * @param ranks of each of the others among these, in the order that the others have
   */
  joined(others: SortRanks, ranks: Float64Array): SortRanks {
    const uids = new Uint32Array(this.uids.length + others.uids.length);
    const joinedRanks = new Float64Array(uids.length);
    const placeOfOwn = new Uint32Array(this.uids.length);
    const placeOfOther = new Uint32Array(others.uids.length);
    for (let own = 0, other = 0, at = 0; at < uids.length; at++) {
      const isOwn = other === others.uids.length || (own < this.uids.length && this.uids[own]! < others.uids[other]!);
      uids[at] = isOwn ? this.uids[own]! : others.uids[other]!;
      joinedRanks[at] = isOwn ? this.ranks[own]! : ranks[other]!;
      if (isOwn) placeOfOwn[own++] = at;
      else placeOfOther[other++] = at;
    }
    const order = new Uint32Array(uids.length);
    for (let own = 0, other = 0, at = 0; at < uids.length; at++) {
      const first = own === this.order.length ? undefined : placeOfOwn[this.order[own]!]!;
      const second = other === others.order.length ? undefined : placeOfOther[others.order[other]!]!;
      const isOwn =
        second === undefined ||
        (first !== undefined && (joinedRanks[first]! - joinedRanks[second]! || uids[first]! - uids[second]!) < 0);
      order[at] = isOwn ? first! : second;
      if (isOwn) own++;
      else other++;
    }
    return new SortRanks(uids, joinedRanks, order);
  }
}

function wholeRanks(order: Uint32Array, isSame: (one: number, other: number) => boolean): Float64Array {
  const ranks = new Float64Array(order.length);
  let last = 0;
  for (let at = 0; at < order.length; at++) {
    if (at === 0 || !isSame(order[at - 1]!, order[at]!)) last++;
    ranks[order[at]!] = last;
  }
  return ranks;
}

function allPlaces(uids: Uint32Array): Uint32Array {
  return uids.map((_, place) => place);
}
