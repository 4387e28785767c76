import { findThreadFacts, type ThreadFacts } from '../../message/thread-facts.ts';
import type { Pace } from '../pace.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import { SortRanks } from '../sort-ranks.ts';
import { ThreadColumns } from './thread-columns.ts';
import { ThreadTable } from './thread-table.ts';

/** With the sent date, RFC 5256 §2.2. */
interface DatedFacts extends ThreadFacts {
  readonly date: number;
}

/** Messages read from the database at a time. */
const batchSize = 500;

/**
 * What THREAD goes by. It never changes but by a repair, and clients ask again and again, with each new message: what was read before is
 * remembered.
 * @param uids ascending
 * @returns facts about those that exist still, and maybe about others
 */
export async function threadFacts(mailbox: SelectedMailbox, uids: Uint32Array, pace: Pace): Promise<ThreadTable> {
  const { account, memory } = mailbox;
  const { identity } = account;
  const known = memory.recall(mailbox, ThreadTable);
  const missing = known?.dates.lacks(uids) ?? uids;
  if (known !== undefined && missing.length === 0) return known;
  const read = await readFacts(mailbox, missing, new ThreadColumns(known?.columns), pace);
  const existing = known === undefined ? undefined : (await mailbox.flags())?.uids.slice();
  const table = existing === undefined ? read : await known!.joined(read, existing, pace);
  // What was read before a repair may be wrong after it.
  if (account.identity === identity) memory.remember(mailbox, ThreadTable, table);
  return table;
}

/** @param columns where the facts go */
async function readFacts(
  mailbox: SelectedMailbox,
  uids: Uint32Array,
  columns: ThreadColumns,
  pace: Pace,
): Promise<ThreadTable> {
  const found: number[] = [];
  const dates: number[] = [];
  for (let at = 0; at < uids.length; at += batchSize) {
    const batch = uids.subarray(at, at + batchSize);
    const read = await readIndexed(mailbox, batch);
    const others = batch.filter((uid) => !read.has(uid));
    for (const row of await mailbox.account.read((reader) => reader.messages.threadFields(mailbox.id, others))) {
      read.set(row.uid, { ...findThreadFacts(row), date: row.sentAt ?? row.receivedAt });
      if (pace.over) await pace.turn();
    }
    for (const uid of batch) {
      const facts = read.get(uid);
      if (facts === undefined) continue;
      columns.add(facts);
      found.push(uid);
      dates.push(facts.date);
    }
    if (pace.over) await pace.turn();
  }
  return new ThreadTable(await SortRanks.ofNumbers(Uint32Array.from(found), Float64Array.from(dates), pace), columns);
}

/** Takes from the index of texts what it has. */
async function readIndexed(mailbox: SelectedMailbox, uids: Uint32Array): Promise<Map<number, DatedFacts>> {
  const { account, id } = mailbox;
  const read = new Map<number, DatedFacts>();
  if (account.textIndex === undefined) return read;
  const options = { columns: ['contentId', 'receivedAt'] } as const;
  const rows = await account.read((reader) => reader.messages.rows(id, uids, undefined, undefined, options));
  const indexed = account.textIndex.threads(rows.map(({ contentId }) => contentId));
  for (const { uid, contentId, receivedAt } of rows) {
    const facts = indexed.get(contentId);
    if (facts !== undefined) read.set(uid, { ...facts, date: facts.sentAt ?? receivedAt });
  }
  return read;
}
