import { nextTurn } from '../../runtime/turns.ts';
import type { AccountDatabaseReader } from '../account-database.ts';
import type { Mailbox } from '../mailboxes/mailbox.ts';
import { numberOfObject } from '../object-ids.ts';
import { joinUids, parseNumbers, uidsAtOnce } from './uid-lists.ts';

/** So many times the messages of a mailbox are read past, with those that were expunged, before an index is used that has only what is there. */
const passedMessages = 3;

/** Which messages there are in a mailbox, by their UIDs. */
export class UidReader {
  readonly #reader: AccountDatabaseReader;

  constructor(reader: AccountDatabaseReader) {
    this.#reader = reader;
  }

  /** UIDs of all messages in a mailbox, ascending. */
  async all(mailboxId: number): Promise<Uint32Array> {
    const [uids] = await this.#lists(
      `SELECT group_concat(uid) AS uids, NULL AS others, count(*) AS count FROM (
         SELECT uid FROM messages INDEXED BY messages_live WHERE mailbox_id = ? AND uid > ? AND expunged = 0 ORDER BY uid LIMIT ?)`,
      mailboxId,
    );
    return uids;
  }

  /** The same, and the flag bits of each. */
  async withFlagBits({
    id,
    messages,
    uidNext,
  }: Pick<Mailbox, 'id' | 'messages' | 'uidNext'>): Promise<{ uids: Uint32Array; flagBits: Uint16Array }> {
    // Each row has a UID of its own: what is not there was expunged. One by one rows are found slower than read past.
    const isMostlyGone = uidNext - 1 > messages * passedMessages;
    const from = isMostlyGone ? 'INDEXED BY messages_live WHERE expunged = 0' : 'WHERE +expunged = 0';
    const [uids, flagBits] = await this.#lists(
      `SELECT group_concat(uid) AS uids, group_concat(flags) AS others, count(*) AS count FROM (
         SELECT uid, flags FROM messages ${from} AND mailbox_id = ? AND uid > ? ORDER BY uid LIMIT ?)`,
      id,
    );
    return { uids, flagBits: Uint16Array.from(flagBits) };
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

  /** Reads a column or two of many rows as text: as objects a million takes five times as long. @param sql see its two users */
  async #lists(sql: string, mailboxId: number): Promise<[Uint32Array, Uint32Array]> {
    const parts: [Uint32Array, Uint32Array][] = [];
    for (let after = 0; ; ) {
      const row = await this.#reader.first<{ uids: string | null; others: string | null; count: number }>(sql, [
        mailboxId,
        after,
        uidsAtOnce,
      ]);
      const { uids, others, count } = row!;
      const part: [Uint32Array, Uint32Array] = [
        parseNumbers(uids ?? '', new Uint32Array(count)),
        parseNumbers(others ?? '', new Uint32Array(count)),
      ];
      parts.push(part);
      if (count < uidsAtOnce) {
        return parts.length === 1
          ? part
          : [joinUids(parts.map(([one]) => one)), joinUids(parts.map(([, other]) => other))];
      }
      after = part[0].at(-1)!;
      await nextTurn();
    }
  }
}
