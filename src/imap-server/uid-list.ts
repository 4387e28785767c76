/** So many times fewer messages than the list has are found one by one in less time than all are gone through. */
const fewerThan = 16;

/**
 * The UIDs of a mailbox as one session knows them: ascending; the place is the message's sequence number less one. Lists share
 * their memory: what is within a list's count is never changed in place, so a copy costs nothing until messages are removed.
 */
export class UidList {
  #uids: Uint32Array;
  #count: number;

  /** @param uids ascending; must not be changed any more */
  constructor(uids: Uint32Array, count = uids.length) {
    this.#uids = uids;
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  /** Where the UIDs are: at least {@link count}, of which those after it belong to others. */
  get memory(): Uint32Array {
    return this.#uids;
  }

  /** Goes over to memory that begins with the same UIDs. */
  useMemory(memory: Uint32Array): void {
    this.#uids = memory;
  }

  get last(): number {
    return this.#count === 0 ? 0 : this.#uids[this.#count - 1];
  }

  at(index: number): number {
    return this.#uids[index];
  }

  /** A view of the UIDs from one index to before another. */
  slice(from = 0, to = this.#count): Uint32Array {
    return this.#uids.subarray(from, to);
  }

  /** @returns index, or -1 */
  indexOf(uid: number): number {
    const at = this.firstFrom(uid);
    return at < this.#count && this.#uids[at] === uid ? at : -1;
  }

  /**
   * Indexes of some UIDs.
   * @param uids ascending. @returns -1 for what is not in the list
   */
  indexesOf(uids: Uint32Array): Int32Array {
    const indexes = new Int32Array(uids.length).fill(-1);
    const isFew = uids.length * fewerThan < this.#count;
    const list = this.slice();
    let index = uids.length === 0 ? 0 : this.firstFrom(uids[0]!);
    for (let at = 0; at < uids.length; at++) {
      const uid = uids[at]!;
      if (isFew) index = this.firstFrom(uid);
      else while (index < list.length && list[index]! < uid) index++;
      if (index < list.length && list[index] === uid) indexes[at] = index;
    }
    return indexes;
  }

  /**
   * Sequence numbers of some UIDs.
   * @param uids ascending. @returns 0 for what is not in the list
   */
  sequencesOf(uids: Uint32Array): Uint32Array {
    const indexes = this.indexesOf(uids);
    const sequences = new Uint32Array(indexes.length);
    for (let at = 0; at < indexes.length; at++) sequences[at] = indexes[at]! + 1;
    return sequences;
  }

  /** @returns the index of the first UID that is not below the given one; the count if there is none */
  firstFrom(uid: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#uids[middle] < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param uid above all that are in the list */
  append(uid: number): void {
    const at = this.#count;
    // The place after the end is free, or another list that shares the memory has put the same UID there.
    if (at >= this.#uids.length || (this.#uids[at] !== 0 && this.#uids[at] !== uid)) {
      const grown = new Uint32Array(at + 16 + (at >>> 4));
      grown.set(this.#uids.subarray(0, at));
      this.#uids = grown;
    }
    this.#uids[at] = uid;
    this.#count = at + 1;
  }

  /** @param uids ascending */
  remove(uids: readonly number[]): void {
    if (uids.length === 0) return;
    const kept = new Uint32Array(this.#count);
    let count = 0;
    let next = 0;
    for (let at = 0; at < this.#count; at++) {
      const uid = this.#uids[at];
      while (next < uids.length && uids[next] < uid) next++;
      if (next < uids.length && uids[next] === uid) continue;
      kept[count++] = uid;
    }
    // What is remembered of a mailbox counts its messages only: an emptied one must not keep the memory of those that it had.
    this.#uids = kept.length - count > 16 + (count >>> 4) ? kept.slice(0, count) : kept;
    this.#count = count;
  }

  /**
   * UIDs at positions given as ranges.
   * @param ranges pairs of first and last index + 1 (sequence numbers), ascending, within the count
   */
  atSequences(ranges: readonly number[]): Uint32Array {
    if (ranges.length === 2) return this.slice(ranges[0] - 1, ranges[1]);
    let total = 0;
    for (let at = 0; at < ranges.length; at += 2) total += ranges[at + 1] - ranges[at] + 1;
    const found = new Uint32Array(total);
    let filled = 0;
    for (let at = 0; at < ranges.length; at += 2) {
      const part = this.slice(ranges[at] - 1, ranges[at + 1]);
      found.set(part, filled);
      filled += part.length;
    }
    return found;
  }

  /** UIDs of the list that lie in ranges: pairs of first and last UID, ascending. */
  within(ranges: readonly number[]): Uint32Array {
    const sequences: number[] = [];
    for (let at = 0; at < ranges.length; at += 2) {
      const first = this.firstFrom(ranges[at]);
      const end = this.firstFrom(ranges[at + 1] + 1);
      if (end > first) sequences.push(first + 1, end);
    }
    return sequences.length === 0 ? new Uint32Array(0) : this.atSequences(sequences);
  }
}
