import { nextTurn } from '../../runtime/turns.ts';
import type { AccountDatabaseReader } from '../account-database.ts';
import { numberOfObject } from '../object-ids.ts';
import { joinNumbers, parseNumbers, uidsAtOnce } from './uid-lists.ts';

/** Which messages there are in a mailbox, by their UIDs. */
export class UidReader {
  readonly #reader: AccountDatabaseReader;

  constructor(reader: AccountDatabaseReader) {
    this.#reader = reader;
  }

  /** UIDs of all messages in a mailbox, ascending. */
  async all(mailboxId: number): Promise<Uint32Array> {
    return (await this.withFlagBits(mailboxId)).uids;
  }

  /** The same, and the flag bits of each. */
  async withFlagBits(mailboxId: number): Promise<{ uids: Uint32Array; flagBits: Uint16Array }> {
    const parts: { uids: Uint32Array; flagBits: Uint32Array }[] = [];
    for (let after = 0; ; ) {
      // As text: reading a million rows as objects takes five times as long. What was expunged counts for how long a step takes.
      const row = await this.#reader.first<{
        uids: string | null;
        flags: string | null;
        live: number;
        count: number;
        last: number;
      }>(
        `SELECT group_concat(uid) FILTER (WHERE expunged = 0) AS uids, group_concat(flags) FILTER (WHERE expunged = 0) AS flags,
         count(*) FILTER (WHERE expunged = 0) AS live, count(*) AS count, max(uid) AS last FROM (
           SELECT uid, flags, expunged FROM messages WHERE mailbox_id = ? AND uid > ? ORDER BY uid LIMIT ?)`,
        [mailboxId, after, uidsAtOnce],
      );
      const { uids, flags, live, count, last } = row!;
      parts.push({
        uids: parseNumbers(uids ?? '', new Uint32Array(live)),
        flagBits: parseNumbers(flags ?? '', new Uint32Array(live)),
      });
      if (count < uidsAtOnce) break;
      after = last;
      await nextTurn();
    }
    return {
      uids: joinNumbers(parts.map((part) => part.uids)),
      flagBits: Uint16Array.from(joinNumbers(parts.map((part) => part.flagBits))),
    };
  }

  /** Messages that have an object identifier: of themselves (`M`), or of their thread (`T`). */
  async ofObject(mailboxId: number, kind: 'M' | 'T', objectId: string): Promise<number[]> {
    const account = await this.#reader.first<{ createdAt: number }>('SELECT created_at AS createdAt FROM account');
    const number = numberOfObject(objectId, kind, account!.createdAt);
    if (number === undefined) return [];
    const rows =
      kind === 'M'
        ? await this.#reader.all<{ uid: number }>(
            'SELECT uid FROM messages WHERE content_id = ? AND mailbox_id = ? AND expunged = 0 ORDER BY uid',
            [number, mailboxId],
          )
        : await this.#reader.all<{ uid: number }>(
            `SELECT uid FROM (SELECT id FROM contents WHERE thread_id = ? AND given_thread_id IS NULL
             UNION ALL SELECT id FROM contents WHERE given_thread_id = ?)
             CROSS JOIN messages ON content_id = id AND expunged = 0 WHERE mailbox_id = ? ORDER BY uid`,
            [number, number, mailboxId],
          );
    return rows.map(({ uid }) => uid);
  }
}
