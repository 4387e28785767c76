import { nextTurn } from '../../runtime/turns.ts';
import type { AccountDatabaseReader } from '../account-database.ts';
import { numberOfObject } from '../object-ids.ts';
import { joinUids, parseUids, uidsAtOnce } from './uid-lists.ts';

/** Which messages there are in a mailbox, by their UIDs. */
export class UidReader {
  readonly #reader: AccountDatabaseReader;

  constructor(reader: AccountDatabaseReader) {
    this.#reader = reader;
  }

  /** UIDs of all messages in a mailbox, ascending. */
  async all(mailboxId: number): Promise<Uint32Array> {
    return await this.withFlags(mailboxId, 0, 0);
  }

  /** UIDs of messages with all and none of some flag bits, from one to another: answers flag searches from an index-like scan, ascending. */
  async withFlags(mailboxId: number, all: number, none: number, from = 1, to = 0xffff_ffff): Promise<Uint32Array> {
    const parts: Uint32Array[] = [];
    for (let after = from - 1; ; ) {
      // As one text: reading a million rows as objects takes five times as long.
      const row = await this.#reader.first<{ uids: string | null; count: number }>(
        `SELECT group_concat(uid) AS uids, count(*) AS count FROM (
           SELECT uid FROM messages WHERE mailbox_id = ? AND uid > ? AND uid <= ? AND expunged = 0 AND (flags & ?) = ?
           ORDER BY uid LIMIT ?)`,
        [mailboxId, after, to, all | none, all, uidsAtOnce],
      );
      parts.push(parseUids(row!.uids ?? '', row!.count));
      if (row!.count < uidsAtOnce) return parts.length === 1 ? parts[0]! : joinUids(parts);
      after = parts.at(-1)!.at(-1)!;
      await nextTurn();
    }
  }

  /** The first of them, or undefined. */
  async firstWithFlags(mailboxId: number, all: number, none: number): Promise<number | undefined> {
    const row = await this.#reader.first<{ uid: number }>(
      'SELECT uid FROM messages WHERE mailbox_id = ? AND expunged = 0 AND (flags & ?) = ? ORDER BY uid LIMIT 1',
      [mailboxId, all | none, all],
    );
    return row?.uid;
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
