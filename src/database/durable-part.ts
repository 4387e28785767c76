import type { AskInThread } from './ask-at-rest.ts';
import type { DatabaseEngine, DatabaseSnapshot } from './engine.ts';

/** One file of a part, as of the snapshot's instant. Paths are relative to the data directory, with `/`. */
export type CapturedFile =
  /** A database: copied out of the snapshot. */
  | { readonly kind: 'database'; readonly path: string }
  /** Some message files, at best of one directory: at most `messageFilesAtOnce`. */
  | { readonly kind: 'messages'; readonly files: readonly CapturedMessage[] }
  /** Small; its bytes were read at the instant, while writers were held. */
  | { readonly kind: 'content'; readonly path: string; readonly bytes: Uint8Array; readonly mode: number }
  /** Taken as it lies there now, for want of better: `reason` is what a person is told. */
  | { readonly kind: 'plain'; readonly path: string; readonly severity: 'error' | 'warning'; readonly reason: string }
  /** Something that a person should know. Of an error, that the backup lacks something. */
  | { readonly kind: 'remark'; readonly path: string; readonly severity: 'error' | 'warning'; readonly reason: string }
  /** What an account holds, as its rows say. */
  | ({ readonly kind: 'counts' } & AccountCounts);

/** Never changed once written, so it may be hard-linked. `sha256` (hex) and `sizeBytes` are what the part's rows say. */
export interface CapturedMessage {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly account?: string;
}

/** What is known of message files that are taken together waits in memory. */
export const messageFilesAtOnce = 1024;

export interface AccountCounts {
  readonly account: string;
  readonly messages: number;
  readonly bytes: number;
  readonly mailboxes: readonly { readonly mailbox: string; readonly messages: number; readonly bytes: number }[];
}

/** What is to come, before it is read: for progress, and to see whether there is room. Near enough, not exact. */
export interface ExpectedSize {
  readonly messageFiles: number;
  readonly messageBytes: number;
  readonly databaseBytes: number;
}

/** What verify found. `error`: something is lost or wrong. `warning`: worth a look. `note`: harmless. */
export interface Finding {
  readonly severity: 'error' | 'warning' | 'note';
  /** Stable, kebab-case. */
  readonly code: string;
  /** In the user's terms: account, mailbox, message. */
  readonly message: string;
  readonly path?: string;
  /** What is affected, as far as that is known. */
  readonly account?: string;
  readonly mailbox?: string;
  readonly uid?: number;
  /** A file that nothing refers to: it can be moved away. */
  readonly isUnreferenced?: boolean;
  /** What mends it: for most, a command. */
  readonly hint?: string;
}

/**
 * A part that keeps state in the data directory. `main.ts` hands the list of them to backup, which knows none by name; every file
 * in a data directory has exactly one owner.
 */
export interface DurablePart {
  readonly name: string;
  /** Whether this part owns a path relative to the data directory. */
  owns(path: string): boolean;
  /** Runs while writers are held: reads small files into memory. */
  captureAtInstant(dataDirectory: string): Promise<void>;
  /** After the instant, and quick: it asks indexes and sizes, not rows. */
  expect?(snapshot: DatabaseSnapshot, dataDirectory: string): Promise<ExpectedSize>;
  /** After the instant, at leisure: everything of this part, rows read as a stream from the snapshot. */
  capture(snapshot: DatabaseSnapshot, dataDirectory: string): AsyncIterable<CapturedFile>;
  /**
   * Checks this part's files below a directory (a backup's `data/`, or a data directory) and the agreement of rows with files, without
   * changing anything.
   */
  verify(directory: string, options: VerifyOptions): AsyncIterable<Finding>;
  /**
   * What a person should look at after a restore, because it may have been done since the backup was taken. Changes nothing.
   * @param directory a backup's `data/`
   */
  toReview?(directory: string): AsyncIterable<ToReview>;
  /**
   * After a whole restore, before the server first runs from the directory: makes an older state safe to go on from (numbers that
   * clients may have seen are passed over, what may have been sent already is held).
   * @returns notes for the operator
   */
  afterRestore?(engine: DatabaseEngine, directory: string, restored: RestoredState): Promise<Finding[]>;
}

/** How old a restored state is. */
export interface RestoredState {
  /** When the backup was taken, and when it is restored; milliseconds since 1970. */
  readonly instant: number;
  readonly now: number;
  /** How many times the same backup was restored before. */
  readonly restores: number;
}

export interface ToReview {
  /** In a person's words. */
  readonly text: string;
  /** The same for programs. */
  readonly fields: Readonly<Record<string, string | number | null>>;
}

/** What the row of a message file says of it. The path is relative to the directory that is checked. */
export interface ExpectedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** What is wrong with a message file; `detail` reads on from "message file …". */
export interface FileProblem {
  /** Index in what was asked for. */
  readonly at: number;
  readonly kind: 'missing' | 'not-a-file' | 'size' | 'sha256' | 'unreadable';
  readonly detail: string;
}

export interface VerifyOptions {
  readonly signal: AbortSignal;
  /** Compares files with their rows, byte for byte. @returns those that differ, in order */
  readonly checkFiles: (files: readonly ExpectedFile[]) => Promise<readonly FileProblem[]>;
  /** For what takes long to ask a database; default: the caller's own thread. */
  readonly askInThread?: AskInThread;
  /** Where the databases are, at the same paths; default: in the directory itself. A live server's are verified as copies. */
  readonly databases?: string;
  /** Whether the server goes on writing: what is newer than the databases is no finding. */
  readonly live?: boolean;
  /** What was found out about messages is found out again: of a sample unless it says otherwise. */
  readonly parse?: 'none' | 'sample' | 'all';
  /** Told what each account holds. */
  readonly onCounts?: (counts: AccountCounts) => void;
}
