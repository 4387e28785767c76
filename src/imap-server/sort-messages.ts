import { EnvelopeScanner, envelopeFields } from '../imap/envelope-scanner.ts';
import type { SortKey } from '../imap/sort-keys.ts';
import { baseSubject } from '../message/base-subject.ts';
import { decodeHeaderText } from '../message/header-text.ts';
import { parseDate } from '../message/parse-date.ts';
import { casemapSortKey } from '../message/unicode-casemap.ts';
import { limits } from '../runtime/limits.ts';
import type { RenderedMessageRow } from '../store/account.ts';
import { Pace } from './pace.ts';
import type { Relevancy } from './relevancy.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';

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
  relevancy?: Relevancy,
): Promise<Uint32Array> {
  const pace = new Pace();
  const columns = [...new Set(keys.flatMap(({ by }) => columnsOf[by]))];
  const values: (number | string)[][] = keys.map(() => []);
  const places: number[] = [];
  for (let at = 0; at < uids.length; at += batchSize) {
    const rows = await mailbox.account.read((reader) =>
      reader.renderedMessages(mailbox.id, uids.subarray(at, at + batchSize), undefined, undefined, { columns }),
    );
    let place = at;
    for (const row of rows) {
      while (uids[place] !== row.uid) place++;
      places.push(place);
      keys.forEach(({ by }, index) => {
        values[index]![place] = by === 'RELEVANCY' ? -(relevancy?.(row.uid) ?? 0) : sortValue(row, by);
      });
      if (pace.over) await pace.turn();
    }
  }
  return await sortPaced(Uint32Array.from(places), comparing(keys, values), pace);
}

const columnsOf: Record<SortKey['by'], readonly Column[]> = {
  ARRIVAL: ['receivedAt'],
  DATE: ['receivedAt', 'envelope'],
  SIZE: ['sizeBytes'],
  CC: ['envelope'],
  DISPLAYFROM: ['envelope'],
  DISPLAYTO: ['envelope'],
  FROM: ['envelope'],
  RELEVANCY: [],
  SUBJECT: ['envelope'],
  TO: ['envelope'],
};

function sortValue(row: RenderedMessageRow, by: Exclude<SortKey['by'], 'RELEVANCY'>): number | string {
  switch (by) {
    case 'ARRIVAL':
      return row.receivedAt;
    case 'SIZE':
      return row.sizeBytes;
    case 'DATE': {
      const text = EnvelopeScanner.string(row.envelope, envelopeFields.date);
      return (text === undefined ? undefined : parseDate(text)?.timestampMs) ?? row.receivedAt;
    }
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

function comparing(keys: readonly SortKey[], values: readonly (readonly (number | string)[])[]): Compare {
  return (one, other) => {
    for (let index = 0; index < keys.length; index++) {
      const first = values[index]![one]!;
      const second = values[index]![other]!;
      if (first === second) continue;
      return first < second === keys[index]!.reverse ? 1 : -1;
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
