import type { DatabaseEngine, DatabaseSnapshot } from './engine.ts';

/** One file of a part, as of the snapshot's instant. Paths are relative to the data directory, with `/`. */
export type CapturedFile =
  /** A database: copied out of the snapshot. */
  | { readonly kind: 'database'; readonly path: string }
  /** Never changed once written, so it may be hard-linked. `sha256` (hex) and `sizeBytes` are what the part's rows say. */
  | {
      readonly kind: 'message';
      readonly path: string;
      readonly sizeBytes: number;
      readonly sha256: string;
      readonly account?: string;
    }
  /** Small; its bytes were read at the instant, while writers were held. */
  | { readonly kind: 'content'; readonly path: string; readonly bytes: Uint8Array; readonly mode: number };

/** What verify found. `error`: something is lost or wrong. `warning`: worth a look. `note`: harmless. */
export interface Finding {
  readonly severity: 'error' | 'warning' | 'note';
  /** Stable, kebab-case. */
  readonly code: string;
  /** In the user's terms: account, mailbox, message. */
  readonly message: string;
  readonly path?: string;
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
  /** After the instant, at leisure: everything of this part, rows read as a stream from the snapshot. */
  capture(snapshot: DatabaseSnapshot, dataDirectory: string): AsyncIterable<CapturedFile>;
  /**
   * Checks this part's files below a directory at rest (a backup's `data/`, or the data directory of a stopped server) and the
   * agreement of rows with files, without changing anything.
   */
  verify(directory: string, options: VerifyOptions): AsyncIterable<Finding>;
  /**
   * After a whole restore, before the server first runs from the directory: makes an older state safe to go on from (numbers that
   * clients may have seen are passed over, what may have been sent already is held).
   * @returns notes for the operator
   */
  afterRestore?(engine: DatabaseEngine, directory: string): Promise<Finding[]>;
}

export interface VerifyOptions {
  readonly signal: AbortSignal;
  /** Also reads every message file and compares SHA-256 with its row. */
  readonly readMessages: boolean;
}
