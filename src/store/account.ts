import type { Readable } from 'node:stream';
import type { MessageStructure } from '../message/structure.ts';
import type { ChangeableFlags, Flags } from './flags.ts';
import type { ImportMailbox, ImportRows } from './imports/import-rows.ts';
import type { ImportOutcome } from './operations/add-imported-messages.ts';
import type { ArrivedMove, ArrivingMove } from './operations/add-messages.ts';
import type { AddedMissing, StoredMissing } from './operations/add-missing-messages.ts';
import type { Repaired } from './operations/repairs.ts';
import type { MailboxToRestore } from './operations/restore-mailbox.ts';
import type { AnnotationChange } from './operations/set-annotations.ts';
import type { SourceFlags } from './operations/update-imported-flags.ts';
import type { RepairKind, RepairOptions } from './repair/repair-account.ts';
import type { StoredRows } from './restore/stored-rows.ts';
import type { AclEntry, MailUser, Rights, RightsChange } from './sharing/rights.ts';
import type { Transfer } from './sharing/transfer-messages.ts';
import type { WordHits } from './text-index/account-text-index.ts';
import type { WordColumn } from './text-index/index-protocol.ts';
import type { IndexedHeader } from './text-index/indexed-header.ts';
import type { IndexedThread } from './text-index/indexed-thread.ts';

/**
 * What the servers see of one account. Reads are of one instant each ({@link Account.read}); every change is one transaction,
 * durable when its promise resolves. UID, MODSEQ and quota are assigned inside the transaction. Storage knows nothing of IMAP or
 * SMTP; its errors are in `store-errors.ts`.
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

  // Mailboxes. Names are Unicode (NFC), levels separated by `/`; "Inbox" in any case is `Inbox` and is the name of that mailbox.
  createMailbox(name: string, options?: { specialUse?: readonly SpecialUse[] }): Promise<Mailbox>;
  /** Renames with all below it. Renaming Inbox moves its messages to the new mailbox (RFC 9051 §6.3.6). */
  renameMailbox(from: string, to: string): Promise<void>;
  /** @param options.ifEmpty leaves one that holds messages: MailboxNotEmptyError */
  deleteMailbox(name: string, options?: { ifEmpty?: boolean }): Promise<void>;
  setSubscribed(name: string, subscribed: boolean): Promise<void>;
  setSpecialUse(name: string, specialUse: readonly SpecialUse[]): Promise<void>;
  /**
   * Changes what others may do with a mailbox. Without any right the entry goes.
   * @throws MailboxNotFoundError, StoreLimitError
   */
  changeAcl(
    mailboxId: number,
    entry: Pick<AclEntry, 'identifier' | 'accountCreatedAt'>,
    change: RightsChange,
  ): Promise<void>;

  /**
   * Adds one message: to a mailbox by name or id. Its file must have come from {@link MessageIntake.finish} or `adopt`.
   * @throws MailboxNotFoundError, OverQuotaError, AlreadyDeliveredError
   */
  addMessage(message: NewMessage): Promise<AddedMessage>;
  /**
   * Adds all or none (MULTIAPPEND). UIDs ascend in the order given.
   * @param move remembered with them until `forgetMove`: see `sharing/transfer-messages.ts`
   */
  addMessages(messages: readonly NewMessage[], move?: ArrivingMove): Promise<AddedMessage[]>;

  /**
   * Adds a message to a mailbox that exists, and expunges another, in one transaction.
   * @throws MailboxNotFoundError, MessageNotFoundError, OverQuotaError, StoreLimitError
   */
  replaceMessage(mailboxId: number, uid: number, message: NewMessage): Promise<AddedMessage>;

  // For restoring from a backup.
  /** Makes a mailbox that is missing, or brings back the one that had its name last. */
  restoreMailbox(mailbox: MailboxToRestore): Promise<{ id: number; outcome: 'present' | 'revived' | 'created' }>;
  /**
   * Adds messages that a mailbox was seen to lack, apart from those that have come into it since.
   * @param seenModseq what came into the mailbox up to this MODSEQ is known
   */
  addMissing(mailbox: string, seenModseq: number, messages: readonly MissingMessage[]): Promise<AddedMissing>;

  // For importing from another server, named by `source`; see `ImportMailbox`.
  /** Notes a mailbox there, or that it has another UIDVALIDITY. */
  beginImport(mailbox: { source: string; name: string; uidValidity: number }): Promise<ImportMailbox>;
  /**
   * Adds messages of such a mailbox, apart from those that have come before, and notes that they have come.
   * @throws OverQuotaError, StoreLimitError
   */
  addImported(importMailboxId: number, messages: readonly NewImport[]): Promise<ImportOutcome[]>;
  /** Follows changes of flags there. @returns messages that were changed */
  updateImportedFlags(importMailboxId: number, messages: readonly SourceFlags[]): Promise<number>;
  /** Notes how far an import has come, with all that was added before. */
  settleImport(progress: { importMailboxId: number; completeBelow: number; modseq: string }): Promise<void>;

  /**
   * Changes flags.
   * @param within what `replace` may change; default: all
   * @param unchangedSince leaves out messages whose MODSEQ is above it (CONDSTORE), and names them in `modified`
   * @returns messages that exist now in `changed`, in UID order, whether or not the flags differed; `modseq` of each after the change;
   *   `modseq` of this change itself, undefined when no flags differed
   */
  storeFlags(
    mailboxId: number,
    uids: UidSelection,
    change: { mode: 'add' | 'remove' | 'replace'; flags: Flags },
    options?: { unchangedSince?: number; within?: ChangeableFlags },
  ): Promise<{ changed: MessageFlags[]; modified: number[]; modseq: number | undefined }>;
  /**
   * @param kept flags that the copies have, too; default: all. The received date is kept always
   * @returns pairs in UID order
   * @throws MailboxNotFoundError, OverQuotaError
   */
  copyMessages(
    mailboxId: number,
    uids: UidSelection,
    targetMailboxId: number,
    kept?: ChangeableFlags,
  ): Promise<CopiedMessages & { modseq: number }>;
  /** Moves in one transaction: nobody sees a message in both or neither. */
  moveMessages(
    mailboxId: number,
    uids: UidSelection,
    targetMailboxId: number,
    kept?: ChangeableFlags,
  ): Promise<CopiedMessages & { modseq: number }>;
  /**
   * Expunges: rows now, files when no session and no snapshot needs them.
   * @param which `deleted` takes only messages with \Deleted
   * @returns UIDs expunged, ascending, and the MODSEQ of their expunge
   */
  expungeMessages(
    mailboxId: number,
    uids: UidSelection,
    which: 'deleted' | 'all',
  ): Promise<{ uids: number[]; modseq: number }>;

  /** Expunges what a move has taken to another account; asked again, tells the same. @returns UIDs that were still there */
  expungeMoved(id: Uint8Array, mailboxId: number, uids: readonly number[]): Promise<number[]>;
  forgetMove(id: Uint8Array): Promise<void>;

  /** Gives a mailbox a new UIDVALIDITY, so that clients fetch it anew. */
  bumpUidValidity(name: string): Promise<number>;
  /** Mends one kind of damage, as `verifydata` names it. */
  repair(kind: RepairKind, options: RepairOptions): Promise<Repaired>;
  /** Sets a limit of bytes for this account, which comes before the one it has by configuration; undefined takes it away. */
  setQuota(limitBytes: number | undefined): Promise<void>;
  /**
   * Sets all or none; those without value are taken away.
   * @param mailboxId undefined: of the account
   * @returns MODSEQ of the change
   * @throws StoreLimitError
   */
  setAnnotations(mailboxId: number | undefined, annotations: readonly AnnotationChange[]): Promise<number>;
  /** The key of a mailbox's URLs; made of what is given when it has none. @throws MailboxNotFoundError */
  makeUrlKey(mailboxId: number, key: Uint8Array): Promise<Uint8Array>;
  /** Makes all URLs of a mailbox void, or of all. */
  removeUrlKeys(mailboxId: number | undefined): Promise<void>;
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

  /**
   * UIDs of messages in which a text may be found, ascending, as an index tells: of all others it is known that they don't have it.
   * @param where `field`: in one header field
   * @returns undefined when all have to be looked at
   */
  textCandidates(mailboxId: number, text: string, where: 'text' | 'body' | 'field'): Promise<Uint32Array | undefined>;
  /** Brings the index of texts up to date now, and not when there is time. */
  indexTexts(): Promise<void>;
  /** Messages that have the words of a text, or words like them, by UID, with how well they fit: the best has 1. */
  wordHits(mailboxId: number, text: string, columns: readonly WordColumn[]): Promise<WordHits>;
  /**
   * Headers of contents, and previews, that the index of texts has, by content id: those of the others are to be taken from the messages.
   * It blocks this thread, but not for long.
   * @param contentIds at most some hundred
   */
  indexedHeaders(contentIds: readonly number[]): ReadonlyMap<number, IndexedHeader>;
  indexedPreviews(contentIds: readonly number[]): ReadonlyMap<number, string>;
  /** What THREAD goes by, in the same way. */
  indexedThreads(contentIds: readonly number[]): ReadonlyMap<number, IndexedThread>;

  /** All bytes of a message, prefix and file. @throws MessageFileError when the file is missing or has another size */
  readContent(content: ContentLocation): Promise<Buffer>;
  /** As `readContent`, but blocks this thread: for messages up to 128 KiB, where it is several times faster. */
  readContentSync(content: ContentLocation): Buffer;
  /**
   * The same into memory of the caller's.
   * @param target has room for the message and one byte more at `at`
   */
  readContentInto(content: ContentLocation, target: Uint8Array, at: number): void;
  /** Blocking too: the first bytes, as many as there is room for. @returns how many. @throws MessageFileError as `readContent` does */
  readContentStart(content: ContentLocation, target: Uint8Array): number;
  /** A range of prefix and file as one. @param start first byte, @param end after the last */
  streamContent(content: ContentLocation, start?: number, end?: number): Readable;
}

/** UIDs a change applies to: a sorted list, or all. Those that don't exist (any more) are passed over. */
export type UidSelection = readonly number[] | Uint32Array | 'all';

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
}

export interface MessageFlags {
  readonly uid: number;
  readonly modseq: number;
  readonly flagBits: number;
  /** Empty in nearly all messages. */
  readonly keywords: readonly string[];
}

/** What changed in a mailbox after a MODSEQ, one entry a message, in UID order. */
export interface MessageChange extends MessageFlags {
  readonly expunged: boolean;
  /** MODSEQ with which the message was added: above the MODSEQ asked for means it is new. */
  readonly createSeq: number;
}

/** Where the bytes of a message are. */
export interface ContentLocation {
  readonly contentId: number;
  /** Headers that the server added for this recipient; they come before the file. */
  readonly prefix: Uint8Array;
  readonly fileSizeBytes: number;
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
  /** Also rows of expunged messages, for a session whose client has not been told yet; see {@link Account.holdExpunged}. */
  readonly includeExpunged?: boolean;
  /** Reads these columns only, and UID, MODSEQ and flags; all others are undefined. Each column costs a tenth of the time. */
  readonly columns?: readonly (keyof RenderedMessageRow)[];
}

export interface AccountReader {
  /** What restoring compares and copies. */
  readonly stored: StoredRows;
  /** What imports from other servers have brought. */
  readonly imports: ImportRows;
  /** All live mailboxes, by name. */
  mailboxes(): Promise<Mailbox[]>;
  mailbox(name: string): Promise<Mailbox | undefined>;
  mailboxById(id: number): Promise<Mailbox | undefined>;
  /** What others may do with a mailbox, by identifier. */
  acl(mailboxId: number): Promise<AclEntry[]>;
  /** Mailboxes that a user has some right to, by name, and these rights. */
  sharedWith(user: MailUser): Promise<{ mailbox: Mailbox; rights: Rights }[]>;
  /** When the account was made, milliseconds: with its name, what an access control list means by it. */
  createdAt(): Promise<number>;
  /** A move into this account that was remembered with its messages. */
  arrivedMove(id: Uint8Array): Promise<ArrivedMove | undefined>;
  /** Mailboxes that were made, changed or deleted after a MODSEQ, or hold a message that was. */
  mailboxesChangedSince(modseq: number): Promise<(Mailbox & { readonly expunged: boolean })[]>;
  /** Whether a message of a mailbox was last changed after one MODSEQ and before another. */
  hasChangesBetween(mailboxId: number, after: number, before: number): Promise<boolean>;
  /** Subscribed names, also of mailboxes that don't exist any more (RFC 9051 §6.3.7). */
  subscriptions(): Promise<string[]>;
  /** MODSEQ of the last change in the account. */
  modseq(): Promise<number>;
  /** UIDs of all messages in a mailbox, ascending. */
  uids(mailboxId: number): Promise<Uint32Array>;
  /** UIDs of messages with all and none of some flag bits, from one to another: answers flag searches from an index-like scan, ascending. */
  uidsWithFlags(mailboxId: number, all: number, none: number, from?: number, to?: number): Promise<Uint32Array>;
  /** The first of them, or undefined. */
  firstUidWithFlags(mailboxId: number, all: number, none: number): Promise<number | undefined>;
  /** What changed after a MODSEQ, expunged messages included. */
  changesSince(mailboxId: number, modseq: number): Promise<MessageChange[]>;
  /** Narrow rows in UID order, for at most the UIDs of the selection between `from` and `to` (inclusive). Ask in steps of ≤ 1,000. */
  messages(
    mailboxId: number,
    uids: UidSelection,
    from?: number,
    to?: number,
    options?: ReadMessagesOptions,
  ): Promise<MessageRow[]>;
  /** The same with what FETCH of metadata needs. */
  renderedMessages(
    mailboxId: number,
    uids: UidSelection,
    from?: number,
    to?: number,
    options?: ReadMessagesOptions,
  ): Promise<RenderedMessageRow[]>;
  /**
   * Envelopes in which a text may be found: those that hold it, in any case, and those that have more than plain ASCII. In UID order.
   * @param text ASCII that stands so in the envelope's wire form; undefined for none, so that only the others are read
   */
  envelopesWith(
    mailboxId: number,
    text: string | undefined,
    from: number,
    to: number,
  ): Promise<{ uid: number; envelope: string }[]>;
  /** Messages that have an object identifier: of themselves (`M`), or of their thread (`T`). */
  uidsOfObject(mailboxId: number, kind: 'M' | 'T', objectId: string): Promise<number[]>;
  /** What decides on the threads of messages, in UID order. */
  threadFields(mailboxId: number, uids: Uint32Array): Promise<ThreadFieldsRow[]>;
  /**
   * Live messages of a mailbox that changed after one that is known, in the order of their changes: for those who look again.
   * @param after MODSEQ and UID of the last one known
   */
  changedMessages(
    mailboxId: number,
    after: { modseq: number; uid: number },
    limit: number,
  ): Promise<{ uid: number; modseq: number; contentId: number }[]>;
  /** Where the messages of some contents are now. */
  placesOf(contentIds: readonly number[]): Promise<ContentPlaces[]>;
  /** Messages kept as refused in a mailbox that are the same as this one: by Message-ID, and without one by their bytes. */
  rejectsLike(mailboxId: number, file: Pick<ReceivedFile, 'structure' | 'sha256'>): Promise<number[]>;
  /** Those kept as refused in a mailbox that are not among the latest, so many and so large, or were saved earlier. When many, some of them. */
  rejectsBeyond(mailboxId: number, most: { messages: number; bytes: number; savedSince: number }): Promise<number[]>;
  /** What is kept of where the contents came from, of those that another server has brought. */
  originsOf(contentIds: readonly number[]): Promise<ContentOrigin[]>;
  /** Whether the user has written to an address, in lower case with A-labels: see `noteRecipients`. */
  hasWrittenTo(address: string): Promise<boolean>;
  /** The parsed structure of one content; offsets relative to prefix and file as one. */
  structure(contentId: number): Promise<MessageStructure>;
  /** Bytes of a mailbox's messages that have \Deleted. */
  deletedBytes(mailboxId: number): Promise<number>;
  quota(): Promise<QuotaUse>;
  annotations(mailboxId: number | undefined): Promise<Annotation[]>;
  /** Annotations set or taken away after a MODSEQ, but those of mailboxes that are deleted; `mailbox` is a name, undefined of the account. */
  annotationsChangedSince(modseq: number): Promise<ChangedAnnotation[]>;
  /** Secret that URLs of a mailbox are authorised with; undefined while none is. */
  urlKey(mailboxId: number): Promise<Uint8Array | undefined>;
  /** What is stored of the account's password; undefined while none is set. */
  credentials(): Promise<StoredCredentials | undefined>;
  /** Passwords for single programs, by name. */
  appPasswords(): Promise<StoredAppPassword[]>;
  /**
   * MODSEQ from which on `changesSince` is complete: 0, but in an account restored from a backup, where what happened after the backup
   * is not known. To a client that asks for changes since an earlier MODSEQ, all its messages that don't exist here are gone.
   */
  changesKnownSince(): Promise<number>;
}

/** What an account may hold; a limit that is missing is none. */
export interface QuotaLimits {
  readonly bytes?: number | undefined;
  readonly messages?: number | undefined;
}

export interface QuotaUse {
  readonly usedBytes: number;
  readonly limitBytes: number | undefined;
  readonly messages: number;
  readonly limitMessages: number | undefined;
}

export interface Annotation {
  readonly key: string;
  readonly value: Uint8Array;
}

export interface ChangedAnnotation {
  readonly mailbox: string | undefined;
  readonly key: string;
  readonly modseq: number;
}

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

/** Where a message came from, and what of that was shown to be true. */
export interface ContentOrigin {
  readonly contentId: number;
  readonly fromLocalpart: string | undefined;
  readonly fromDomain: string | undefined;
  readonly mailFromDomain: string | undefined;
  readonly helloName: string | undefined;
  readonly remoteAddress: string;
  readonly isForward: boolean;
  readonly validation: Validation | undefined;
}

/** See `PasswordSecrets` of sasl/. */
export interface StoredCredentials {
  readonly argon2id: string;
  readonly scramSha1: string;
  readonly scramSha256: string;
}

/** What a password for a single program is good for. */
export type AppPasswordScope = 'imap' | 'smtp';

/** A password for a single program, as people are shown it. Times in milliseconds. */
export interface AppPassword {
  readonly id: number;
  readonly name: string;
  readonly scopes: readonly AppPasswordScope[];
  readonly createdAt: number;
  /** To the minute. */
  readonly lastUsedAt: number | undefined;
}

export interface StoredAppPassword extends AppPassword {
  /** Of `hashAppPassword` of sasl/. */
  readonly hash: Uint8Array;
  readonly scramSha1: string;
  readonly scramSha256: string;
}

export interface CopiedMessages {
  readonly uidValidity: number;
  readonly pairs: readonly { readonly sourceUid: number; readonly uid: number }[];
}

export interface AddedMessage {
  readonly mailboxId: number;
  readonly mailboxName: string;
  readonly uid: number;
  readonly uidValidity: number;
  readonly modseq: number;
  readonly contentId: number;
}

/** SMTP facts of a received message, kept in the row for reputation and display. */
export interface Reception {
  readonly remoteAddress?: string;
  readonly helloName?: string;
  readonly mailFrom?: string;
  readonly rcptTo?: string;
  readonly tlsVersion?: string;
  readonly tlsCipher?: string;
  readonly requireTls?: boolean;
  /** Another server of the user passed it on. */
  readonly isForward?: boolean;
  /** It was refused, and is kept for the user to see. */
  readonly isReject?: boolean;
  /** What was found out about who sent it; missing when nothing was looked into. */
  readonly validation?: Validation;
}

/** How names and domains were shown to be the sender's. */
export interface Validation {
  readonly hello: 'none' | 'spf';
  readonly mailFrom: 'none' | 'spf';
  /** `aligned`: its domain publishes no DMARC policy, and SPF or DKIM passes for just that domain. */
  readonly from: 'none' | 'dmarc' | 'aligned';
  /** Domain of the author's organisation, when it was found out: RFC 9989 §4.10.2. */
  readonly organisation?: string | undefined;
  /** Domains whose signatures are valid. */
  readonly dkimDomains: readonly string[];
}

export interface NewMessage {
  /** By name: created if it is missing (deliveries), or must exist (`createMissing` false). */
  readonly mailbox: number | string;
  readonly createMissing?: boolean;
  readonly file: ReceivedFile;
  readonly prefix?: Uint8Array;
  readonly flags?: Flags;
  /** INTERNALDATE in milliseconds; default now. */
  readonly receivedAt?: number;
  readonly reception?: Reception;
  /** Of a message that was refused: where it would have been, by name. */
  readonly destinedMailbox?: string;
  /**
   * Names a delivery that may be repeated after a crash, when nobody knows whether it was done: adding it again throws
   * AlreadyDeliveredError. The last `limits.rememberedDeliveries` of an account are known.
   */
  readonly deliveryId?: Uint8Array;
}

/** A message of a mailbox of another server. */
export interface NewImport extends Pick<NewMessage, 'file' | 'receivedAt'> {
  readonly mailbox: string;
  readonly flags: Flags;
  /** UID that it has there. */
  readonly sourceUid: number;
}

/** A message of a backup that is to be added as it was. */
export interface MissingMessage extends Pick<StoredMissing, 'prefix' | 'kept' | 'places'> {
  readonly file: ReceivedFile;
  readonly flags: Flags;
  readonly receivedAt: number;
}

/**
 * A message that is whole and parsed, not yet in any account. Disposed of when every account has taken it. A small one is in memory
 * until then, and is written under the first name that it gets.
 */
export interface ReceivedFile extends AsyncDisposable {
  readonly sizeBytes: number;
  readonly sha256: Uint8Array;
  readonly structure: MessageStructure;
  /**
   * Gives it a name, of a file that is flushed when the promise resolves; its entry in the directory is not. All names are of one file.
   * @param path absolute, on the data directory's file system
   */
  linkTo(path: string): Promise<void>;
  /** As a flushed file in the data directory's `tmp/`, where it stays until this is disposed of. */
  temporaryFile(): Promise<TemporaryFile>;
  /** Its bytes, for those who look at it before it is stored. */
  content(): AsyncIterable<Uint8Array>;
}

/** What the queue takes. */
export interface TemporaryFile {
  /** Below `tmp/`. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: Uint8Array;
}

/**
 * Takes one message's bytes, as they come, a large one to a file in `tmp/`: written with back-pressure, hashed and parsed on the way.
 * Memory does not grow with its size. Disposing before `finish` removes the file.
 */
export interface MessageIntake extends AsyncDisposable {
  readonly sizeBytes: number;
  /** @throws MessageTooLargeError, DiskFullError */
  write(chunk: Uint8Array): Promise<void>;
  /** @throws DiskFullError. The result is to be disposed of when every account has taken it. */
  finish(): Promise<ReceivedFile>;
}

/** All accounts of a data directory. */
export interface Accounts extends AsyncDisposable {
  /** Opens an account, creating it with its default mailboxes on first use. Shared; dispose of each opening. */
  open(name: string): Promise<Account>;
  exists(name: string): Promise<boolean>;
  list(): Promise<string[]>;
  /**
   * Takes a directory, on the same file system, that holds a whole account, as the account of a name. Nobody may have that.
   * @throws AccountExistsError
   */
  install(name: string, directory: string): Promise<void>;
  /** Removes an account and all its mail. No session may have it open: it is closed first. */
  remove(name: string): Promise<void>;
  /** Other accounts that may share a mailbox with a user; each is to be asked. At most `limits.sharingAccounts`, by name. */
  sharingWith(user: string): Promise<string[]>;
  /** See `sharing/transfer-messages.ts`. */
  transferMessages(transfer: Transfer): AsyncGenerator<CopiedMessages>;
  startMessage(options?: { limitBytes?: number }): Promise<MessageIntake>;
  /** Like `Account.onChange`, of all accounts that are open: the listener is told the name. */
  onChange(listener: (account: string) => void): () => void;
  /**
   * Takes a message file that exists and never changes, on the same file system: hard-linked into `tmp/`, read, hashed and parsed.
   * @param path absolute. @throws MessageFileError
   */
  adopt(path: string): Promise<ReceivedFile>;
  /** Sets the account's own password. App passwords stay valid. */
  setPassword(name: string, password: string): Promise<void>;
  /**
   * Makes a random password for a single program.
   * @returns the password, which nobody can read again
   * @throws AppPasswordNameError, StoreLimitError
   */
  addAppPassword(account: string, options: { name: string; scopes: readonly AppPasswordScope[] }): Promise<string>;
  /** @returns the id of the one that is gone; undefined when there was none of that name */
  removeAppPassword(account: string, name: string): Promise<number | undefined>;
  /** Notes when an app password was used last. */
  noteAppPasswordUse(account: string, id: number): Promise<void>;
}
