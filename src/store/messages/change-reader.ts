import { nextTurn } from '../../runtime/turns.ts';
import type { AccountDatabaseReader } from '../account-database.ts';
import { takeKeywords } from './keywords.ts';
import type { Columns } from './message-columns.ts';
import type { MessageFlags, MessageRow } from './message-rows.ts';
import { selectMessages } from './select-messages.ts';
import type { SharedChanges } from './shared-changes.ts';
import { joinNumbers, parseNumbers, uidsAtOnce } from './uid-lists.ts';

/** What changed in a mailbox after a MODSEQ, one entry a message, in UID order. */
export interface MessageChange extends MessageFlags {
  readonly expunged: boolean;
  /** MODSEQ with which the message was added: above the MODSEQ asked for means it is new. */
  readonly createSeq: number;
}

/** Changes read in one step. */
const changesAtOnce = 500;
const changeColumns: Columns = {
  sql: 'uid, modseq, flags AS flagBits, keywords, expunged, create_seq AS createSeq',
  join: '',
};

/** What has changed among the messages of a mailbox. */
export class ChangeReader {
  readonly #reader: AccountDatabaseReader;
  readonly #shared: SharedChanges | undefined;

  /** @param shared of all that read the account */
  constructor(reader: AccountDatabaseReader, shared?: SharedChanges) {
    this.#reader = reader;
    this.#shared = shared;
  }

  /** What changed after a MODSEQ, expunged messages included. */
  async since(mailboxId: number, modseq: number): Promise<readonly MessageChange[]> {
    const read = (): Promise<MessageChange[]> => this.#read(mailboxId, modseq);
    if (this.#shared === undefined) return await read();
    const account = await this.#reader.first<{ modseq: number }>('SELECT modseq FROM account');
    return await this.#shared.read(mailboxId, modseq, account!.modseq, read);
  }

  /** Flags that changed after a MODSEQ, messages that came or were expunged included, by UID. @returns undefined when more than `limit` did */
  async flagsSince(
    mailboxId: number,
    modseq: number,
    limit: number,
  ): Promise<Pick<MessageChange, 'uid' | 'flagBits' | 'expunged'>[] | undefined> {
    const rows = await this.#reader.all<MessageChange>(
      'SELECT uid, flags AS flagBits, expunged FROM messages WHERE mailbox_id = ? AND modseq > ? LIMIT ?',
      [mailboxId, modseq, limit + 1],
    );
    if (rows.length > limit) return undefined;
    for (const row of rows) toChange(row);
    return rows.sort((one, other) => one.uid - other.uid);
  }

  /**
   * MODSEQ from which on `since` is complete: 0, but in an account restored from a backup, where what happened after the backup
   * is not known. To a client that asks for changes since an earlier MODSEQ, all its messages that don't exist here are gone.
   */
  async knownSince(): Promise<number> {
    return (await this.#reader.first<{ since: number }>('SELECT changes_known_since AS since FROM account'))!.since;
  }

  /** Whether a message of a mailbox was last changed after one MODSEQ and before another. */
  async existBetween(mailboxId: number, after: number, before: number): Promise<boolean> {
    const found = await this.#reader.first(
      'SELECT 1 FROM messages WHERE mailbox_id = ? AND modseq > ? AND modseq < ? LIMIT 1',
      [mailboxId, after, before],
    );
    return found !== undefined;
  }

  /**
   * Live messages of a mailbox that changed after one that is known, in the order of their changes: for those who look again.
   * @param after MODSEQ and UID of the last one known
   */
  async messagesAfter(
    mailboxId: number,
    after: { modseq: number; uid: number },
    limit: number,
  ): Promise<{ uid: number; modseq: number; contentId: number }[]> {
    const found: { uid: number; modseq: number; contentId: number }[] = [];
    for (let last = after; ; ) {
      const rows = await this.#reader.all<{ uid: number; modseq: number; contentId: number; expunged: number }>(
        `SELECT uid, modseq, content_id AS contentId, expunged FROM messages
         WHERE mailbox_id = ? AND (modseq, uid) > (?, ?) ORDER BY modseq, uid LIMIT ?`,
        [mailboxId, last.modseq, last.uid, changesAtOnce],
      );
      for (const { uid, modseq, contentId, expunged } of rows) {
        if (expunged === 0 && found.push({ uid, modseq, contentId }) === limit) return found;
      }
      if (rows.length < changesAtOnce) return found;
      last = rows.at(-1)!;
      await nextTurn();
    }
  }

  async #read(mailboxId: number, modseq: number): Promise<MessageChange[]> {
    const few = await this.#reader.all<MessageChange>(
      `SELECT ${changeColumns.sql} FROM messages WHERE mailbox_id = ? AND modseq > ? ORDER BY modseq, uid LIMIT ?`,
      [mailboxId, modseq, changesAtOnce],
    );
    if (few.length < changesAtOnce) {
      for (const row of few) {
        takeKeywords(row);
        toChange(row);
      }
      return few.sort((one, other) => one.uid - other.uid);
    }
    // By their UIDs, as they lie beside each other: one by one each would be looked up.
    const uids = await this.#uidsChangedSince(mailboxId, modseq);
    const changes: MessageChange[] = [];
    for (let at = 0; at < uids.length; at += changesAtOnce) {
      if (at > 0) await nextTurn();
      const step = uids.subarray(at, at + changesAtOnce);
      const rows = await selectMessages<MessageChange & MessageRow>(
        this.#reader,
        changeColumns,
        mailboxId,
        step,
        1,
        step.at(-1),
        { includeExpunged: true },
      );
      for (const row of rows) {
        toChange(row);
        changes.push(row);
      }
    }
    return changes;
  }

  async #uidsChangedSince(mailboxId: number, since: number): Promise<Uint32Array> {
    const parts: Uint32Array[] = [];
    for (let [modseq, uid] = [since, 0xffff_ffff]; ; ) {
      const row = await this.#reader.first<{ uids: string | null; count: number; modseq: number }>(
        `SELECT group_concat(uid) AS uids, count(*) AS count, max(modseq) AS modseq FROM (
           SELECT uid, modseq FROM messages WHERE mailbox_id = ? AND (modseq, uid) > (?, ?)
           ORDER BY modseq, uid LIMIT ?)`,
        [mailboxId, modseq, uid, uidsAtOnce],
      );
      parts.push(parseNumbers(row!.uids ?? '', new Uint32Array(row!.count)));
      if (row!.count < uidsAtOnce) return joinNumbers(parts).sort();
      modseq = row!.modseq;
      uid = parts.at(-1)!.at(-1)!;
      await nextTurn();
    }
  }
}

function toChange(row: MessageChange): void {
  (row as { expunged: unknown }).expunged = (row.expunged as unknown) === 1;
}
