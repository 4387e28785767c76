import type { AccountDatabaseReader } from '../account-database.ts';
import type { UidSelection } from '../uid-ranges.ts';
import { takeKeywords } from './keywords.ts';
import { type Columns, columnsNamed } from './message-columns.ts';
import type { MessageRow, ReadMessagesOptions } from './message-rows.ts';

const noBytes = new Uint8Array(0);

/** A selection of at most this much more UIDs than it names is read as one range, and what was not asked for is left out after. */
export const maxSparseness = 2;

/**
 * Reads rows of messages, in UID order. They become objects in place: FETCH asks for thousands.
 * @param usual columns, unless some are asked for by name
 */
export async function selectMessages<Row extends MessageRow>(
  reader: AccountDatabaseReader,
  usual: Columns,
  mailboxId: number,
  uids: UidSelection,
  from = 1,
  to = 0xffff_ffff,
  options: ReadMessagesOptions = {},
): Promise<Row[]> {
  const { sql: columns, join } = options.columns === undefined ? usual : columnsNamed(options.columns);
  const live = options.includeExpunged === true ? '' : 'AND expunged = 0';
  let low = from;
  let high = to;
  let wanted: readonly number[] | Uint32Array | undefined;
  if (uids !== 'all') {
    const start = lowerBound(uids, from);
    const end = lowerBound(uids, to + 1);
    if (start === end) return [];
    const count = end - start;
    low = uids[start]!;
    high = uids[end - 1]!;
    const span = high - low + 1;
    if (span > count) wanted = start === 0 && end === uids.length ? uids : uids.slice(start, end);
    if (span > count * maxSparseness) {
      const rows = await reader.all<Row>(
        `SELECT ${columns} FROM json_each(?) CROSS JOIN messages ${join} WHERE mailbox_id = ? AND uid = value ${live}`,
        [`[${wanted!.join(',')}]`, mailboxId],
      );
      for (const row of rows) takeColumns(row);
      return rows;
    }
  }
  const rows = await reader.all<Row>(
    `SELECT ${columns} FROM messages ${join} WHERE mailbox_id = ? AND uid BETWEEN ? AND ? ${live} ORDER BY uid`,
    [mailboxId, low, high],
  );
  for (const row of rows) takeColumns(row);
  return wanted === undefined ? rows : keepWanted(rows, wanted);
}

/** Turns what stands in a row for something else into that. */
function takeColumns(row: { readonly keywords: readonly string[]; prefix?: Uint8Array | null }): void {
  takeKeywords(row);
  if (row.prefix === null) row.prefix = noBytes;
}

export function keepWanted<Row extends { readonly uid: number }>(
  rows: Row[],
  wanted: readonly number[] | Uint32Array,
): Row[] {
  let next = 0;
  return rows.filter(({ uid }) => {
    while (next < wanted.length && wanted[next]! < uid) next++;
    return wanted[next] === uid;
  });
}

/** @returns index of the first UID that is not below `uid` */
function lowerBound(uids: readonly number[] | Uint32Array, uid: number): number {
  let low = 0;
  let high = uids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (uids[middle]! < uid) low = middle + 1;
    else high = middle;
  }
  return low;
}
