import type { MessageStructure } from '../../message/structure.ts';

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
   * @param onEntry called at most once, when the entry is there and the file is still being flushed: so both can be flushed at the same time
   */
  linkTo(path: string, onEntry?: () => void): Promise<void>;
  /**
   * Has somebody else write the file and flush it, with its entry.
   * @param write gets the bytes; the file is there when its promise resolves, and may be, or not, when that rejects
   * @returns undefined when the file has a name already, or is not in memory: it needs `linkTo`
   */
  writtenBy<Result>(path: string, write: (bytes: Uint8Array) => Promise<Result>): Promise<Result> | undefined;
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
