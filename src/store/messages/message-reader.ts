import type { MessageStructure } from '../../message/structure.ts';
import type { AccountDatabaseReader } from '../account-database.ts';
import type { ContentLocation } from '../message-files.ts';
import { shiftStructure } from '../shift-structure.ts';
import { MessageFileError } from '../store-errors.ts';
import type { UidSelection } from '../uid-ranges.ts';
import { joinContents, narrowColumns, renderedColumns } from './message-columns.ts';
import type {
  MessageFlags,
  MessageRow,
  ReadMessagesOptions,
  RenderedMessageRow,
  ThreadFieldsRow,
} from './message-rows.ts';
import { selectFlags } from './select-flags.ts';
import { selectMessages } from './select-messages.ts';

/** A stored message, wherever it is. */
export interface ContentPlaces extends ContentLocation {
  /** Where it was first stored, and whether another server brought it: then nobody has chosen that mailbox. */
  readonly originalMailboxId: number;
  readonly isReceived: boolean;
  /** It was refused, and kept for the user to see. */
  readonly isReject: boolean;
  /** Of each live message: the mailbox, and when it last changed. */
  readonly places: readonly { readonly mailboxId: number; readonly modseq: number; readonly flagBits: number }[];
}

/** The messages of an account, at one instant. */
export class MessageReader {
  readonly #reader: AccountDatabaseReader;

  constructor(reader: AccountDatabaseReader) {
    this.#reader = reader;
  }

  /**
   * Flags of messages, expunged ones included, in UID order: a third of the cost of rows.
   * @param uids ascending. Ask in steps of ≤ 1,000.
   * @param withModseq otherwise `modseq` is 0
   */
  async flags(mailboxId: number, uids: Uint32Array, withModseq: boolean): Promise<MessageFlags[]> {
    return await selectFlags(this.#reader, mailboxId, uids, withModseq);
  }

  /** Narrow rows in UID order, for at most the UIDs of the selection between `from` and `to` (inclusive). Ask in steps of ≤ 1,000. */
  async rows(
    mailboxId: number,
    uids: UidSelection,
    from?: number,
    to?: number,
    options?: ReadMessagesOptions,
  ): Promise<MessageRow[]> {
    return await selectMessages<MessageRow>(this.#reader, narrowColumns, mailboxId, uids, from, to, options);
  }

  /** The same with what FETCH of metadata needs. */
  async rendered(
    mailboxId: number,
    uids: UidSelection,
    from?: number,
    to?: number,
    options?: ReadMessagesOptions,
  ): Promise<RenderedMessageRow[]> {
    return await selectMessages<RenderedMessageRow>(this.#reader, renderedColumns, mailboxId, uids, from, to, options);
  }

  /**
   * Envelopes in which a text may be found: those that hold it, in any case, and those that have more than plain ASCII. In UID order.
   * @param text ASCII that stands so in the envelope's wire form; undefined for none, so that only the others are read
   */
  async envelopesWith(
    mailboxId: number,
    text: string | undefined,
    from: number,
    to: number,
  ): Promise<{ uid: number; envelope: string }[]> {
    // LIKE knows the case of ASCII only, which is enough where all is ASCII.
    const pattern = text === undefined ? '' : `%${text.replace(/[%_\\]/g, '\\$&')}%`;
    return await this.#reader.all(
      `SELECT uid, envelope FROM messages ${joinContents} WHERE mailbox_id = ? AND uid BETWEEN ? AND ? AND expunged = 0
       AND (envelope LIKE ? ESCAPE '\\' OR envelope GLOB '*=[?]*' OR octet_length(envelope) <> length(envelope))
       ORDER BY uid`,
      [mailboxId, from, to, pattern],
    );
  }

  /** What decides on the threads of messages, in UID order. */
  async threadFields(mailboxId: number, uids: Uint32Array): Promise<ThreadFieldsRow[]> {
    const rows = await this.#reader.all<Record<keyof ThreadFieldsRow, never>>(
      `SELECT uid, received_at AS receivedAt, sent_at AS sentAt, subject, structure ->> '$.envelope.messageId' AS messageId,
       structure ->> '$.references' AS "references", structure ->> '$.envelope.inReplyTo' AS inReplyTo
       FROM json_each(?) CROSS JOIN messages ${joinContents} WHERE mailbox_id = ? AND uid = value AND expunged = 0`,
      [`[${uids.join(',')}]`, mailboxId],
    );
    return rows.map((row) => ({
      ...row,
      sentAt: row.sentAt ?? undefined,
      messageId: row.messageId ?? undefined,
      references: row.references ?? undefined,
      inReplyTo: row.inReplyTo ?? undefined,
    }));
  }

  /** The parsed structure of one content; offsets relative to prefix and file as one. */
  async structure(contentId: number): Promise<MessageStructure> {
    const row = await this.#reader.first<{ structure: string; prefixBytes: number }>(
      'SELECT structure, length(prefix) AS prefixBytes FROM contents WHERE id = ?',
      [contentId],
    );
    if (row === undefined) throw new MessageFileError('describe', String(contentId), 'it has been removed');
    return shiftStructure(JSON.parse(row.structure) as MessageStructure, row.prefixBytes);
  }

  /** Where the messages of some contents are now. */
  async placesOf(contentIds: readonly number[]): Promise<ContentPlaces[]> {
    const ids = JSON.stringify(contentIds);
    const places = await this.#reader.all<ContentPlaces['places'][number] & { contentId: number }>(
      `SELECT content_id AS contentId, mailbox_id AS mailboxId, modseq, flags AS flagBits
       FROM messages WHERE content_id IN (SELECT value FROM json_each(?)) AND expunged = 0`,
      [ids],
    );
    const byContent = Map.groupBy(places, ({ contentId }) => contentId);
    const contents = await this.#reader.all<
      Omit<ContentPlaces, 'places' | 'isReceived' | 'isReject'> & { isReceived: number; isReject: number }
    >(
      `SELECT id AS contentId, prefix, file_size AS fileSizeBytes, original_mailbox_id AS originalMailboxId,
       remote_address IS NOT NULL AS isReceived, is_reject AS isReject FROM contents WHERE id IN (SELECT value FROM json_each(?))`,
      [ids],
    );
    return contents.map((content) => ({
      ...content,
      isReceived: content.isReceived === 1,
      isReject: content.isReject === 1,
      places: byContent.get(content.contentId) ?? [],
    }));
  }
}
