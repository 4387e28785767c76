import type { AccountReader } from './account-reader.ts';
import type { AnnotationWriter } from './annotations/annotation-writer.ts';
import type { ImportWriter } from './imports/import-writer.ts';
import type { MailboxWriter } from './mailboxes/mailbox-writer.ts';
import type { RecentClaims } from './mailboxes/recent-claims.ts';
import type { StoredContents } from './message-files.ts';
import type { MessageWriter } from './messages/message-writer.ts';
import type { Repaired } from './operations/repairs.ts';
import type { RepairKind, RepairOptions } from './repair/repair-account.ts';
import type { RestoreWriter } from './restore/restore-writer.ts';
import type { SharingWriter } from './sharing/sharing-writer.ts';
import type { AccountTextIndex } from './text-index/account-text-index.ts';

/**
 * What the servers see of one account. Reads are of one instant each ({@link Account.read}); every change is one transaction,
 * durable when its promise resolves. UID, MODSEQ and quota are assigned inside the transaction. Storage knows nothing of IMAP or
 * SMTP; its errors are in `store-errors.ts`. What concerns the account itself is here, all else by subject: a function that needs
 * one subject takes that part only.
 */
export interface Account extends AsyncDisposable {
  readonly name: string;
  /**
   * The same object for all openings of the account while it stays open: a key for what its users want to share. Another one after what
   * is known of its messages was repaired.
   */
  readonly identity: object;

  /** Runs reads of one instant. `query` must wait for nothing but the reader. */
  read<Result>(query: (reader: AccountReader) => Promise<Result>): Promise<Result>;

  /** MODSEQ of the last change in the account when that is known without reading, as nothing was written since it was read. */
  readonly knownModseq: number | undefined;

  readonly mailboxes: MailboxWriter;
  readonly messages: MessageWriter;
  /** The bytes of messages. */
  readonly contents: StoredContents;
  readonly annotations: AnnotationWriter;
  readonly sharing: SharingWriter;
  readonly imports: ImportWriter;
  readonly restoring: RestoreWriter;
  /** Which messages no client was told of. */
  readonly recent: Pick<RecentClaims, 'first' | 'claim'>;
  /** Undefined when no index of texts is kept: then all messages have to be looked at. */
  readonly textIndex:
    | Pick<AccountTextIndex, 'candidates' | 'hits' | 'headers' | 'previews' | 'threads' | 'run'>
    | undefined;

  /** Sets a limit of bytes for this account, which comes before the one it has by configuration; undefined takes it away. */
  setQuota(limitBytes: number | undefined): Promise<void>;
  /** Mends one kind of damage, as `verifydata` names it. */
  repair(kind: RepairKind, options: RepairOptions): Promise<Repaired>;
  /**
   * Notes whom the user has written to; noting the same message again changes nothing.
   * @param addresses recipients, with A-labels in their domains
   */
  noteRecipients(addresses: readonly string[], message: { messageId: string; sentAt: number }): Promise<void>;

  /**
   * Tells when something of this account may have changed. Only a hint that says "look again": several changes may make one call,
   * a change may make none after an error; also called for the caller's own changes.
   * @returns stops the telling
   */
  onChange(listener: () => void): () => void;

  /**
   * Holds back the removal of files of messages that are expunged after a MODSEQ, for a session whose client has not been told yet.
   * To be taken before the session reads what the mailbox holds.
   * `advance(modseq)`: the client has been told of all expunges up to that MODSEQ. Dispose when the session leaves the mailbox.
   */
  holdExpunged(modseq: number): { advance(modseq: number): void; [Symbol.dispose](): void };
}
