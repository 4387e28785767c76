import { EnvelopeScanner, envelopeFields } from '../imap/envelope-scanner.ts';
import type { SortKey } from '../imap/sort-keys.ts';
import { baseSubject } from '../message/base-subject.ts';
import { decodeHeaderText } from '../message/header-text.ts';
import { casemapSortKey } from '../message/unicode-casemap.ts';
import { limits } from '../runtime/limits.ts';
import type { RenderedMessageRow } from '../store/messages/message-rows.ts';
import { Pace } from './pace.ts';
import type { Progress } from './progress.ts';
import type { Relevancy } from './relevancy.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import { recallRanks, rememberRanks } from './sort-ranks.ts';

type Column = keyof RenderedMessageRow;
/** Compares two messages by their places among those that are sorted. */
type Compare = (one: number, other: number) => number;

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
  const { identity } = mailbox.account;
  const ranks = keys.map(({ by }) => (by === 'RELEVANCY' ? undefined : recallRanks(mailbox, by, uids)));
  const unknown = keys.filter((_, index) => ranks[index] === undefined);
  if (unknown.length === 0)
    return await sortPaced(
      uids.map((_, place) => place),
      comparing(keys, ranks),
      pace,
    );
  const columns = columnsOfKeys(unknown);
  const values: (number | string)[][] = unknown.map(() => []);
  const found: number[] = [];
  for (let at = 0; at < uids.length; at += batchSize) {
    const rows = await mailbox.account.read((reader) =>
      reader.messages.rendered(mailbox.id, uids.subarray(at, at + batchSize), undefined, undefined, {
        columns,
        includeExpunged,
      }),
    );
    let place = at;
    for (const row of rows) {
      while (uids[place] !== row.uid) place++;
      found.push(place);
      unknown.forEach(({ by }, index) => {
        values[index]![place] = by === 'RELEVANCY' ? -(relevancy?.(row.uid) ?? 0) : sortValue(row, by);
      });
      if (pace.over) await pace.turn();
    }
    progress?.advance(rows.length, uids.length);
  }
  const places = Uint32Array.from(found);
  for (const [index, { by }] of unknown.entries()) {
    const ranked = await rank(values[index]!, places, uids.length, pace);
    for (const [at, key] of keys.entries()) if (key.by === by) ranks[at] = ranked;
    if (by === 'RELEVANCY') continue;
    rememberRanks(mailbox, by, {
      identity,
      uids: places.map((place) => uids[place]!),
      ranks: Float64Array.from(places, (place) => ranked[place]!),
      own: isNumber(by),
    });
  }
  return await sortPaced(places, comparing(keys, ranks), pace);
}

/** Numbers that are in the same order as values: numbers as they are, and of texts their places among all. */
async function rank(
  values: readonly (number | string)[],
  places: Uint32Array,
  count: number,
  pace: Pace,
): Promise<Float64Array> {
  const ranks = new Float64Array(count);
  const isText = typeof values[places[0]!] === 'string';
  let last = 0;
  const ordered = isText ? await sortPaced(places.slice(), textOrder(values as readonly string[]), pace) : places;
  for (let at = 0; at < ordered.length; at++) {
    const place = ordered[at]!;
    if (!isText) ranks[place] = values[place] as number;
    else ranks[place] = at > 0 && values[ordered[at - 1]!] === values[place] ? last : ++last;
  }
  return ranks;
}

function textOrder(values: readonly string[]): Compare {
  return (one, other) => {
    const first = values[one]!;
    const second = values[other]!;
    return first === second ? 0 : first < second ? -1 : 1;
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

function columnsOfKeys(keys: readonly SortKey[]): Column[] {
  return [...new Set(keys.flatMap(({ by }) => columnsOf[by]))];
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

const columnsOf: Record<SortKey['by'], readonly Column[]> = {
  ARRIVAL: ['receivedAt'],
  DATE: ['receivedAt', 'sentAt'],
  SIZE: ['sizeBytes'],
  CC: ['envelope'],
  DISPLAYFROM: ['envelope'],
  DISPLAYTO: ['envelope'],
  FROM: ['envelope'],
  RELEVANCY: [],
  SUBJECT: ['envelope'],
  TO: ['envelope'],
};

/** Whether messages are sorted by numbers, which are their ranks. */
function isNumber(by: SortKey['by']): boolean {
  return by === 'ARRIVAL' || by === 'DATE' || by === 'SIZE';
}

function sortValue(row: RenderedMessageRow, by: Exclude<SortKey['by'], 'RELEVANCY'>): number | string {
  switch (by) {
    case 'ARRIVAL':
      return row.receivedAt;
    case 'SIZE':
      return row.sizeBytes;
    case 'DATE':
      return row.sentAt ?? row.receivedAt;
    case 'SUBJECT': {
      const text = EnvelopeScanner.string(row.envelope, envelopeFields.subject) ?? '';
      return comparable(baseSubject(decodeHeaderText(text)).base);
    }
    case 'CC':
    case 'FROM':
    case 'TO':
      return comparable(decodeHeaderText(firstAddress(row, by)?.mailbox ?? ''));
    case 'DISPLAYFROM':
      return displayed(row, 'FROM');
    case 'DISPLAYTO':
      return displayed(row, 'TO');
  }
}

/** A copy of its own: a part of an envelope would keep all of it, 200,000 times. What is the same so far is the same. */
function comparable(text: string): string {
  return casemapSortKey(Buffer.from(text.slice(0, limits.imapSortCharacters)).toString());
}

function firstAddress(row: RenderedMessageRow, field: 'CC' | 'FROM' | 'TO') {
  return EnvelopeScanner.addresses(row.envelope, envelopeFields[field.toLowerCase() as 'cc'])[0];
}

/** The name that a client shows, or else the address. */
function displayed(row: RenderedMessageRow, field: 'FROM' | 'TO'): string {
  const first = firstAddress(row, field);
  if (first === undefined) return '';
  const { name, mailbox = '', host } = first;
  const address = host === undefined ? mailbox : `${mailbox}@${host}`;
  return comparable(decodeHeaderText(name === undefined || name === '' ? address : name));
}

/** @param ranks of each key, by place */
function comparing(keys: readonly SortKey[], ranks: readonly (Float64Array | undefined)[]): Compare {
  return (one, other) => {
    for (let index = 0; index < keys.length; index++) {
      const difference = ranks[index]![one]! - ranks[index]![other]!;
      if (difference !== 0) return keys[index]!.reverse ? -difference : difference;
    }
    return one - other;
  };
}

/** Some milliseconds of sorting. */
const runLength = 2048;
const mergedBetweenLooks = 512;

/** Sorts in short runs, which it then merges: others have their turn between. */
export async function sortPaced(places: Uint32Array, compare: Compare, pace: Pace): Promise<Uint32Array> {
  for (let at = 0; at < places.length; at += runLength) {
    places.subarray(at, at + runLength).sort(compare);
    if (pace.over) await pace.turn();
  }
  let from: Uint32Array = places;
  let to: Uint32Array = new Uint32Array(places.length);
  for (let length = runLength; length < places.length; length *= 2) {
    for (let start = 0; start < places.length; start += 2 * length) {
      const middle = Math.min(start + length, places.length);
      const end = Math.min(start + 2 * length, places.length);
      let left = start;
      let right = middle;
      for (let at = start; at < end; at++) {
        const takesLeft = right >= end || (left < middle && compare(from[left]!, from[right]!) <= 0);
        to[at] = takesLeft ? from[left++]! : from[right++]!;
        if (at % mergedBetweenLooks === 0 && pace.over) await pace.turn();
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
