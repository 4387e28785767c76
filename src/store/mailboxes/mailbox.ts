export type SpecialUse = '\\All' | '\\Archive' | '\\Drafts' | '\\Flagged' | '\\Junk' | '\\Sent' | '\\Trash';

export interface Mailbox {
  readonly id: number;
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly specialUse: readonly SpecialUse[];
  /** Keywords ever used here, as first written: what FLAGS announces beside the system flags. */
  readonly keywords: readonly string[];
  readonly subscribed: boolean;
  /** Stays with the mailbox as long as it lives, and is never another's: RFC 8474 §4. */
  readonly objectId: string;
  /** MODSEQ of the last change to the mailbox or a message in it (HIGHESTMODSEQ). */
  readonly modseq: number;
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly sizeBytes: number;
  /** The first UID that no client was told of, or one before it: see `RecentClaims`. */
  readonly recentUid: number;
}

/** What of a mailbox changes whenever its messages do. */
export type MailboxState = Pick<Mailbox, 'id' | 'uidValidity' | 'modseq' | 'messages'>;
