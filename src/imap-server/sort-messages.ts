import type { SortKey } from '../imap/sort-keys.ts';
import { findRanks } from './find-ranks.ts';
import { Pace } from './pace.ts';
import type { Progress } from './progress.ts';
import type { Relevancy } from './relevancy.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import { sortPaced } from './sort-paced.ts';
import { SortRanks } from './sort-ranks.ts';
import { columnsOfKeys, sortValue } from './sort-values.ts';

/** Messages read from the database at a time. */
const batchSize = 500;

/**
 * Puts messages into an order.
 * @param uids ascending: what is equal otherwise stays in this order
 * @returns places in `uids`; none of messages that are gone meanwhile
 * @param relevancy for RELEVANCY: the most relevant come first
 * Source: RFC 5256 §2.2 and §3, RFC 5957 §3, RFC 6203 §6
 */
export async function sortMessages(
  mailbox: SelectedMailbox,
  uids: Uint32Array,
  keys: readonly SortKey[],
  {
    includeExpunged = false,
    progress,
    relevancy,
  }: { includeExpunged?: boolean; progress?: Progress; relevancy?: Relevancy | undefined } = {},
): Promise<Uint32Array> {
  const pace = new Pace();
  const ranks: SortRanks[] = [];
  for (const { by } of keys) {
    ranks.push(
      by === 'RELEVANCY'
        ? await SortRanks.ofNumbers(
            uids,
            Float64Array.from(uids, (uid) => -(relevancy?.(uid) ?? 0)),
            pace,
          )
        : await findRanks(mailbox, uids, by, { includeExpunged, progress, pace }),
    );
  }
  return await inOrder(uids, keys, ranks, pace);
}

/**
 * Takes messages in the order of the first key, which is known, and sorts only those that are equal by it by the others.
 * @param ranks of each key
 */
async function inOrder(
  uids: Uint32Array,
  keys: readonly SortKey[],
  ranks: readonly SortRanks[],
  pace: Pace,
): Promise<Uint32Array> {
  const first = ranks[0]!;
  const { reverse } = keys[0]!;
  const known = ranks.map((each) => each.placesOf(uids));
  const ranksFrom = (key: number): Float64Array[] =>
    known.slice(key).map((places, index) => Float64Array.from(places, (at) => ranks[key + index]!.ranks[at] ?? 0));
  const isThere = (place: number): boolean => known.every((places) => places[place] !== -1);
  if (uids.length * fewerThan < first.order.length) {
    const there = uids.map((_, place) => place).filter(isThere);
    return await sortPaced(there, comparing(keys, ranksFrom(0)), pace);
  }
  /** Of each message in `first`. */
  const placeOf = new Int32Array(first.order.length).fill(-1);
  const inFirst = known[0]!;
  for (let place = 0; place < uids.length; place++) {
    const at = inFirst[place]!;
    if (at !== -1 && (keys.length === 1 || isThere(place))) placeOf[at] = place;
  }
  const compare = comparing(keys.slice(1), ranksFrom(1));
  const sorted = new Uint32Array(uids.length);
  let count = 0;
  let steps = 0;
  for (let done = 0, length = 0; done < placeOf.length; done += length) {
    length =
      keys.length === 1 && !reverse
        ? Math.min(stepsBetweenLooks, placeOf.length - done)
        : first.equalFrom(done, reverse);
    const start = reverse ? placeOf.length - done - length : done;
    const before = count;
    for (let at = start; at < start + length; at++) {
      const place = placeOf[first.order[at]!]!;
      if (place !== -1) sorted[count++] = place;
    }
    if (keys.length > 1 && count > before + 1) {
      sorted.set(await sortPaced(sorted.subarray(before, count), compare, pace), before);
    }
    steps += length;
    if (steps < stepsBetweenLooks) continue;
    steps = 0;
    if (pace.over) await pace.turn();
  }
  return sorted.subarray(0, count);
}

const stepsBetweenLooks = 4096;
/** So many times fewer messages than are known are sorted in less time than the order of all is gone through. */
const fewerThan = 16;

/** Compares two messages by their places among those that are sorted. @param ranks of each key, by place */
function comparing(keys: readonly SortKey[], ranks: readonly Float64Array[]): (one: number, other: number) => number {
  return (one, other) => {
    for (let index = 0; index < keys.length; index++) {
      const difference = ranks[index]![one]! - ranks[index]![other]!;
      if (difference !== 0) return keys[index]!.reverse ? -difference : difference;
    }
    return one - other;
  };
}

/**
 * Where messages belong in an order: before which place of it each, when they are put in one after the other.
 * @param order UIDs, sorted by the same keys
 * @param uids sorted by the same keys, none of them in `order`. @returns ascending places
 */
export async function placesInOrder(
  mailbox: SelectedMailbox,
  order: Uint32Array,
  uids: Uint32Array,
  keys: readonly SortKey[],
): Promise<number[]> {
  const columns = columnsOfKeys(keys);
  const known = new Map<number, readonly (number | string)[]>();
  const read = async (of: Uint32Array): Promise<void> => {
    const rows = await mailbox.account.read((reader) =>
      reader.messages.rendered(mailbox.id, of, undefined, undefined, { columns, includeExpunged: true }),
    );
    for (const row of rows) {
      known.set(
        row.uid,
        // Searches that are fuzzy are not kept up to date, hence no order by RELEVANCY.
        keys.map(({ by }) => (by === 'RELEVANCY' ? 0 : sortValue(row, by))),
      );
    }
  };
  const isBefore = (one: number, other: number): boolean => {
    const first = known.get(one);
    const second = known.get(other);
    if (first === undefined || second === undefined) return one < other;
    return (compareValues(keys, first, second) || one - other) < 0;
  };
  const pace = new Pace();
  const places: number[] = [];
  let low = 0;
  for (let at = 0; at < uids.length; at++) {
    if (at % batchSize === 0) await read(uids.slice(at, at + batchSize).sort());
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (!known.has(order[middle])) await read(order.slice(middle, middle + 1));
      if (isBefore(order[middle], uids[at])) low = middle + 1;
      else high = middle;
      if (pace.over) await pace.turn();
    }
    places.push(low);
  }
  return places;
}

function compareValues(
  keys: readonly SortKey[],
  first: readonly (number | string)[],
  second: readonly (number | string)[],
): number {
  for (const [index, { reverse }] of keys.entries()) {
    if (first[index] === second[index]) continue;
    return first[index]! < second[index]! === reverse ? 1 : -1;
  }
  return 0;
}
