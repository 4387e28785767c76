import type { AccountDatabaseReader } from '../account-database.ts';

/** A mailbox of another server that messages have come from. */
export interface ImportMailbox {
  readonly id: number;
  /** As the source calls it. */
  readonly name: string;
  readonly uidValidity: number;
  /** All messages with UIDs below it are dealt with. */
  readonly completeBelow: number;
  /** HIGHESTMODSEQ up to which changes of flags are here, decimal; empty when it isn't known. */
  readonly modseq: string;
  /** Its mailbox here was made, subscribed to and given its use once. */
  readonly isPrepared: boolean;
}

/** UIDs read in one step. */
const uidsAtOnce = 100_000;

/** What an account remembers of imports from other servers. */
export class ImportRows {
  readonly #reader: AccountDatabaseReader;

  constructor(reader: AccountDatabaseReader) {
    this.#reader = reader;
  }

  /** @param source login and server, as imports call it */
  async mailboxes(source: string): Promise<ImportMailbox[]> {
    const rows = await this.#reader.all<Omit<ImportMailbox, 'isPrepared'> & { isPrepared: number }>(
      `SELECT id, name, uid_validity AS uidValidity, complete_below AS completeBelow, modseq, is_prepared AS isPrepared
       FROM import_mailboxes WHERE source = ? ORDER BY id`,
      [source],
    );
    return rows.map((row) => ({ ...row, isPrepared: row.isPrepared === 1 }));
  }

  /** Messages of each mailbox that have come, with its present UIDVALIDITY, by its id. */
  async counts(source: string): Promise<Map<number, number>> {
    const rows = await this.#reader.all<{ id: number; count: number }>(
      `SELECT id, (SELECT count(*) FROM imported_messages WHERE import_mailbox_id = id) AS count
       FROM import_mailboxes WHERE source = ?`,
      [source],
    );
    return new Map(rows.map(({ id, count }) => [id, count]));
  }

  /** UIDs at the source of messages that have come from a mailbox. */
  async uids(importMailboxId: number, from: number): Promise<{ has(uid: number): boolean }> {
    const pages: Uint32Array[] = [];
    for (let after = from - 1; ; ) {
      const row = (await this.#reader.first<{ uids: string }>(
        `SELECT json_group_array(uid) AS uids FROM (SELECT uid FROM imported_messages
         WHERE import_mailbox_id = ? AND uid > ? ORDER BY uid LIMIT ?)`,
        [importMailboxId, after, uidsAtOnce],
      ))!;
      const page = Uint32Array.from(JSON.parse(row.uids) as number[]);
      if (page.length > 0) pages.push(page);
      if (page.length < uidsAtOnce) return { has: (uid) => pages.some((each) => isIn(each, uid)) };
      after = page.at(-1)!;
      // The read transaction stays open; others get their turn on this thread.
      await new Promise((next) => setImmediate(next));
    }
  }
}

function isIn(sorted: Uint32Array, uid: number): boolean {
  let low = 0;
  let high = sorted.length;
  if (high === 0 || uid > sorted[high - 1]!) return false;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < uid) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === uid;
}
