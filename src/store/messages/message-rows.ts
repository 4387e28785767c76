import type { ContentLocation } from '../message-files.ts';

export interface MessageFlags {
  readonly uid: number;
  readonly modseq: number;
  readonly flagBits: number;
  /** Empty in nearly all messages. */
  readonly keywords: readonly string[];
}

/** Flags after a change. */
export interface ChangedFlags extends MessageFlags {
  /** MODSEQ before the change. */
  readonly priorModseq: number;
}

export interface MessageRow extends MessageFlags {
  readonly contentId: number;
  /** Prefix and file: RFC822.SIZE. */
  readonly sizeBytes: number;
  /** INTERNALDATE, milliseconds. */
  readonly receivedAt: number;
  /** SAVEDATE, milliseconds. */
  readonly savedAt: number;
  readonly createSeq: number;
  readonly threadId: number;
}

/** Read only when they are asked for by name. RFC 8474 §5 */
export interface ObjectIds {
  /** All copies of a message share it. */
  readonly emailObjectId?: string;
  readonly threadObjectId?: string;
}

/** A row with what was rendered when it was stored. */
export interface RenderedMessageRow extends MessageRow, ContentLocation, ObjectIds {
  /** Time of its Date field, `null` when that has none; read only when it is asked for by name. */
  readonly sentAt?: number | null;
  /** IMAP ENVELOPE and BODYSTRUCTURE, as sent on the wire (latin1 string: one char a byte). */
  readonly envelope: string;
  readonly bodyStructure: string;
}

/** Fields of a message as they are in its header; the subject decoded. */
export interface ThreadFieldsRow {
  readonly uid: number;
  readonly receivedAt: number;
  readonly sentAt: number | undefined;
  readonly subject: string;
  readonly messageId: string | undefined;
  readonly references: string | undefined;
  readonly inReplyTo: string | undefined;
}

export interface ReadMessagesOptions {
  /** Also rows of expunged messages, for a session whose client has not been told yet; see `Account.holdExpunged`. */
  readonly includeExpunged?: boolean;
  /** Reads these columns only, and UID, MODSEQ and flags; all others are undefined. Each column costs a tenth of the time. */
  readonly columns?: readonly (keyof RenderedMessageRow)[];
}
