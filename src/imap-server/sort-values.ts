import { EnvelopeScanner, envelopeFields } from '../imap/envelope-scanner.ts';
import type { SortKey } from '../imap/sort-keys.ts';
import { baseSubject } from '../message/base-subject.ts';
import { decodeHeaderText } from '../message/header-text.ts';
import { casemapSortKey } from '../message/unicode-casemap.ts';
import { limits } from '../runtime/limits.ts';
import type { RenderedMessageRow } from '../store/messages/message-rows.ts';
import type { Pace } from './pace.ts';
import type { Progress } from './progress.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';

type Column = keyof RenderedMessageRow;

/** What a message has itself. */
export type MessageSortKey = Exclude<SortKey['by'], 'RELEVANCY'>;
export type SortValue = number | string;

/** Messages read from the database at a time. */
const batchSize = 500;

/**
 * Reads what some messages are sorted by.
 * @param uids ascending
 * @returns UIDs and values of those that are there: all numbers, or all texts
 */
export async function readSortValues(
  mailbox: SelectedMailbox,
  uids: Uint32Array,
  by: MessageSortKey,
  { includeExpunged, progress, pace }: { includeExpunged: boolean; progress: Progress | undefined; pace: Pace },
): Promise<{ uids: Uint32Array; values: SortValue[] }> {
  const columns = columnsOf[by];
  const found: number[] = [];
  const values: SortValue[] = [];
  for (let at = 0; at < uids.length; at += batchSize) {
    const rows = await mailbox.account.read((reader) =>
      reader.messages.rendered(mailbox.id, uids.subarray(at, at + batchSize), undefined, undefined, {
        columns,
        includeExpunged,
      }),
    );
    for (const row of rows) {
      found.push(row.uid);
      values.push(sortValue(row, by));
      if (pace.over) await pace.turn();
    }
    progress?.advance(rows.length, uids.length);
  }
  return { uids: Uint32Array.from(found), values };
}

export function columnsOfKeys(keys: readonly SortKey[]): Column[] {
  return [...new Set(keys.flatMap(({ by }) => columnsOf[by]))];
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
export function isNumber(by: MessageSortKey): boolean {
  return by === 'ARRIVAL' || by === 'DATE' || by === 'SIZE';
}

export function sortValue(row: RenderedMessageRow, by: MessageSortKey): SortValue {
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
