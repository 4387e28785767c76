import type { AccountDatabaseReader } from '../account-database.ts';
import type { SpecialUse } from '../mailboxes/mailbox.ts';
import { messageFilePath } from '../message-files.ts';
import { type KeptValues, keptColumns } from './kept-columns.ts';

/** A live mailbox with what tells it from all others that this account has ever had. */
export interface StoredMailbox {
  readonly id: number;
  readonly name: string;
  /** With the id and the account's `createdAt`: the same mailbox, whatever its name is now. */
  readonly createSeq: number;
  readonly specialUse: readonly SpecialUse[];
  readonly subscribed: boolean;
  readonly messages: number;
}

/** A live message in a mailbox: what matching and choosing look at. */
export interface StoredInstance {
  readonly uid: number;
  readonly contentId: number;
  readonly flagBits: number;
  /** JSON as in the row; null for none. */
  readonly keywords: string | null;
  readonly sizeBytes: number;
  readonly receivedAt: number;
}

/** What makes a message the same as one whose bytes differ. */
export interface MessageMark {
  readonly messageIdHash: number;
  readonly messageId: string;
  readonly sentAt: number | null;
  readonly subject: string;
}

/** All that is restored of a message besides its file. */
export interface StoredContent extends StoredInstance {
  readonly sha256: Uint8Array;
  readonly fileSizeBytes: number;
  readonly prefix: Uint8Array;
  readonly subject: string;
  readonly kept: KeptValues;
  readonly originalMailboxId: number;
  readonly destinedMailboxId: number | null;
}

/** Contents of one thread that are compared with a Message-ID; of longer ones only the first that had it. */
const threadContents = 1_000;

/**
 * The deleted mailbox that had a name last. An earlier one must not come back: a name's UIDVALIDITY only ascends
 * (RFC 9051 §2.3.1.1).
 */
export const deletedMailboxSql = `SELECT id FROM mailboxes WHERE name = ? AND expunged = 1
  AND uid_validity = (SELECT uid_validity FROM mailbox_names WHERE mailbox_names.name = mailboxes.name)`;

/** Rows as restoring needs them, of an account in use or of a backup's. Each call reads at most as many rows as it is told, or few. */
export class StoredRows {
  readonly #reader: AccountDatabaseReader;

  constructor(reader: AccountDatabaseReader) {
    this.#reader = reader;
  }

  async account(): Promise<{ createdAt: number; modseq: number; messages: number }> {
    const row = await this.#reader.first<{ createdAt: number; modseq: number; messages: number }>(
      'SELECT created_at AS createdAt, modseq, messages FROM account',
    );
    return row!;
  }

  async mailboxes(): Promise<StoredMailbox[]> {
    const rows = await this.#reader.all<
      Omit<StoredMailbox, 'specialUse' | 'subscribed'> & { specialUse: string; subscribed: number }
    >(
      `SELECT id, mailboxes.name, create_seq AS createSeq, special_use AS specialUse,
       subscriptions.name IS NOT NULL AS subscribed, messages
       FROM mailboxes LEFT JOIN subscriptions ON subscriptions.name = mailboxes.name WHERE expunged = 0
       ORDER BY mailboxes.name`,
    );
    return rows.map((row) => ({
      ...row,
      specialUse: row.specialUse === '' ? [] : (row.specialUse.split(' ') as SpecialUse[]),
      subscribed: row.subscribed === 1,
    }));
  }

  /** Whether a mailbox that is deleted had the name last: see `restoreMailbox`. */
  async hasDeletedMailbox(name: string): Promise<boolean> {
    return (await this.#reader.first(deletedMailboxSql, [name])) !== undefined;
  }

  /** Messages of a mailbox in UID order. @param after UID that the page begins after */
  async instances(mailboxId: number, after: number, limit: number): Promise<StoredInstance[]> {
    return await this.#reader.all(
      `SELECT uid, content_id AS contentId, flags AS flagBits, keywords, size AS sizeBytes, received_at AS receivedAt
       FROM messages WHERE mailbox_id = ? AND uid > ? AND expunged = 0 ORDER BY uid LIMIT ?`,
      [mailboxId, after, limit],
    );
  }

  /** @returns SHA-256 of the file and prefix, by content id */
  async identities(contentIds: readonly number[]): Promise<Map<number, { sha256: Uint8Array; prefix: Uint8Array }>> {
    const rows = await this.#reader.all<{ id: number; sha256: Uint8Array; prefix: Uint8Array }>(
      'SELECT contents.id, sha256, prefix FROM json_each(?) CROSS JOIN contents ON contents.id = value',
      [JSON.stringify(contentIds)],
    );
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** @returns the contents among these that have the Message-ID, without its angle brackets */
  async withMessageId(contentIds: readonly number[], messageIds: readonly string[]): Promise<Set<number>> {
    const rows = await this.#reader.all<{ id: number }>(
      `SELECT contents.id FROM json_each(?) CROSS JOIN contents ON contents.id = value
       WHERE message_id IN (SELECT value FROM json_each(?))`,
      [JSON.stringify(contentIds), JSON.stringify(messageIds)],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Messages with all that is restored of them, in UID order. */
  async contents(mailboxId: number, uids: readonly number[]): Promise<StoredContent[]> {
    const rows = await this.#reader.all<Omit<StoredContent, 'kept'> & Record<string, string | number | null>>(
      `SELECT uid, content_id AS contentId, flags AS flagBits, messages.keywords, size AS sizeBytes,
       received_at AS receivedAt, sha256, file_size AS fileSizeBytes, prefix, subject,
       original_mailbox_id AS originalMailboxId, destined_mailbox_id AS destinedMailboxId, ${keptColumns.join(', ')}
       FROM json_each(?) CROSS JOIN messages CROSS JOIN contents ON contents.id = content_id
       WHERE mailbox_id = ? AND uid = value AND expunged = 0`,
      [JSON.stringify(uids), mailboxId],
    );
    return rows.map((row) => ({ ...row, kept: keptColumns.map((column) => row[column]!) }));
  }

  /** @returns what marks each message, by UID; those without Message-ID are left out */
  async marks(mailboxId: number, uids: readonly number[]): Promise<Map<number, MessageMark>> {
    const rows = await this.#reader.all<MessageMark & { uid: number }>(
      `SELECT uid, message_id_hash AS messageIdHash, message_id AS messageId, sent_at AS sentAt, subject
       FROM json_each(?) CROSS JOIN messages CROSS JOIN contents ON contents.id = content_id
       WHERE mailbox_id = ? AND uid = value AND message_id_hash IS NOT NULL`,
      [JSON.stringify(uids), mailboxId],
    );
    return new Map(rows.map((row) => [row.uid, row]));
  }

  /**
   * Threads in which there may be messages with these Message-IDs, a few at a time, so that no answer is long.
   * @returns groups to be given to `marked`
   */
  async threadsOf(messageIdHashes: readonly number[]): Promise<number[][]> {
    const rows = await this.#reader.all<{ thread: number; contents: number }>(
      `SELECT thread, (SELECT count(*) FROM (SELECT 1 FROM contents WHERE thread_id = thread LIMIT ${threadContents + 1}))
       AS contents FROM (SELECT DISTINCT coalesce(into_id, thread_id) AS thread FROM json_each(?)
         CROSS JOIN message_ids ON hash = value LEFT JOIN thread_merges ON thread_merges.id = thread_id)`,
      [JSON.stringify(messageIdHashes)],
    );
    const groups: number[][] = [];
    let room = 0;
    for (const { thread, contents } of rows) {
      // Of a thread whose messages are all erased there is nothing to be found.
      if (contents === 0 || contents > threadContents) continue;
      if (contents > room) {
        groups.push([]);
        room = threadContents;
      }
      groups.at(-1)!.push(thread);
      room -= contents;
    }
    return groups;
  }

  /** Live messages with these Message-IDs: those in some threads, or, without threads, the first that had each. */
  async marked(
    messageIdHashes: readonly number[],
    threads: readonly number[] | undefined,
  ): Promise<(MessageMark & { mailboxId: number; uid: number })[]> {
    const hashes = JSON.stringify(messageIdHashes);
    const columns =
      'message_id_hash AS messageIdHash, message_id AS messageId, sent_at AS sentAt, subject, mailbox_id AS mailboxId, uid';
    const live = 'CROSS JOIN messages ON messages.content_id = contents.id AND messages.expunged = 0';
    if (threads === undefined) {
      return await this.#reader.all(
        `SELECT ${columns} FROM json_each(?) CROSS JOIN message_ids ON hash = value
         CROSS JOIN contents ON contents.id = message_ids.content_id ${live}`,
        [hashes],
      );
    }
    return await this.#reader.all(
      `SELECT ${columns} FROM json_each(?) CROSS JOIN contents ON contents.thread_id = value ${live}
       WHERE message_id_hash IN (SELECT value FROM json_each(?))`,
      [JSON.stringify(threads), hashes],
    );
  }

  /** Ids of all mailboxes that there have ever been. */
  async everyMailboxId(): Promise<Set<number>> {
    const rows = await this.#reader.all<{ id: number }>('SELECT id FROM mailboxes');
    return new Set(rows.map(({ id }) => id));
  }

  /** Files of contents that have live messages, in order; paths are below the account's directory. */
  async files(
    after: number,
    limit: number,
  ): Promise<{ contentId: number; path: string; sha256: Uint8Array; fileSizeBytes: number }[]> {
    const rows = await this.#reader.all<{ contentId: number; sha256: Uint8Array; fileSizeBytes: number }>(
      `SELECT id AS contentId, sha256, file_size AS fileSizeBytes FROM contents
       WHERE id > ? AND id NOT IN (SELECT content_id FROM erase) ORDER BY id LIMIT ?`,
      [after, limit],
    );
    return rows.map((row) => ({ ...row, path: messageFilePath(row.contentId) }));
  }

  /** Live messages that share a content. */
  async placesOf(contentId: number): Promise<{ mailboxId: number; mailbox: string; uid: number; subject: string }[]> {
    return await this.#reader.all(
      `SELECT mailbox_id AS mailboxId, mailboxes.name AS mailbox, uid, subject FROM messages
       JOIN mailboxes ON mailboxes.id = mailbox_id JOIN contents ON contents.id = content_id
       WHERE content_id = ? AND messages.expunged = 0`,
      [contentId],
    );
  }
}
