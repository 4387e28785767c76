import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open, readFile, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { type DirectorySyncer, makeDirectoryDurably } from '../runtime/durable-file.ts';
import { toFileError } from './file-error.ts';
import type { ReceivedFile } from './messages/received-file.ts';
import { checkSize, readFileInto } from './read-file-into.ts';

const chunkBytes = 64 * 1024;
/** Messages of one call written at the same time: so the file system flushes them together. */
const concurrency = 16;
/** Directories known to exist: ids ascend, so that few are in use. */
const maxKnownDirectories = 16;

export const filesPerDirectory = 1024;

/** Path of a message file below its account's directory. */
export function messageFilePath(contentId: number): string {
  return `msg/${Math.floor(contentId / filesPerDirectory)}/${contentId}`;
}

/** Where the bytes of a message are. */
export interface ContentLocation {
  readonly contentId: number;
  /** Headers that the server added for this recipient; they come before the file. */
  readonly prefix: Uint8Array;
  readonly fileSizeBytes: number;
}

/** What the users of an account do with the files: they read them. */
export type StoredContents = Pick<
  MessageFiles,
  'directory' | 'read' | 'readSync' | 'readInto' | 'readStart' | 'stream'
>;

/** The message files of one account. */
export class MessageFiles {
  /** The account's. */
  readonly directory: string;
  readonly #syncer: DirectorySyncer;
  readonly #made = new Map<string, Promise<void>>();

  /** @param directory of the account */
  constructor(directory: string, syncer: DirectorySyncer) {
    // Joined once: FETCH asks for thousands of paths.
    this.directory = join(directory);
    this.#syncer = syncer;
  }

  path(contentId: number): string {
    return `${this.directory}/${messageFilePath(contentId)}`;
  }

  /**
   * Gives messages their names, and flushes these; each directory once. That of a single one is flushed while the file is: which is done
   * first doesn't matter, as nobody looks for the file before both are.
   * @throws DiskFullError, MessageFileError; then no new name is left, as far as names can be removed
   */
  async link(files: readonly { file: ReceivedFile; contentId: number }[]): Promise<void> {
    const directories = new Set<string>();
    const linked: number[] = [];
    const entries: Promise<void>[] = [];
    const rest = files.values();
    const linkRest = async (): Promise<void> => {
      for (const { file, contentId } of rest) {
        const path = this.path(contentId);
        const directory = dirname(path);
        const flushEntry = (): void => {
          const flush = this.#syncer.sync(directory);
          // Waited for below.
          flush.catch(() => {});
          entries.push(flush);
        };
        try {
          await this.#make(directory);
          await file.linkTo(path, files.length === 1 ? flushEntry : undefined);
        } catch (error) {
          // The others end.
          for (const _ of rest);
          throw toFileError(error, 'store', path);
        }
        if (entries.length === 0) directories.add(directory);
        linked.push(contentId);
      }
    };
    try {
      const linking = Array.from({ length: Math.min(files.length, concurrency) }, linkRest);
      const failed = (await Promise.allSettled(linking)).find((each) => each.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      await Promise.all(entries);
      for (const directory of directories) await this.#syncer.sync(directory);
    } catch (error) {
      await this.remove(linked).catch(() => {});
      throw toFileError(error, 'flush', this.directory);
    }
  }

  /** For a file that somebody else writes: its directory is there when the promise resolves. @returns its path */
  async prepare(contentId: number): Promise<string> {
    const path = this.path(contentId);
    try {
      await this.#make(dirname(path));
    } catch (error) {
      throw toFileError(error, 'store', path);
    }
    return path;
  }

  /**
   * Removes files; those that don't exist are passed over. Flushed when the promise resolves: once their rows and blocks are gone,
   * nobody would look for a file that a power cut has brought back.
   */
  async remove(contentIds: Iterable<number>): Promise<void> {
    const directories = new Set<string>();
    for (const contentId of contentIds) {
      const path = this.path(contentId);
      try {
        await unlink(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        throw toFileError(error, 'remove', path);
      }
      directories.add(dirname(path));
    }
    for (const directory of directories) {
      try {
        await this.#syncer.sync(directory);
      } catch (error) {
        throw toFileError(error, 'flush', directory);
      }
    }
  }

  /** All bytes of a message, prefix and file. @throws MessageFileError when the file is missing or has another size */
  async read(content: ContentLocation): Promise<Buffer> {
    const path = this.path(content.contentId);
    let file: Buffer;
    try {
      file = await readFile(path);
    } catch (error) {
      throw toFileError(error, 'read', path);
    }
    checkSize(path, file.length, content.fileSizeBytes);
    return content.prefix.length === 0 ? file : Buffer.concat([content.prefix, file]);
  }

  /** As `read`, but blocks this thread: for messages up to 128 KiB, where it is several times faster. */
  readSync(content: ContentLocation): Buffer {
    const sizeBytes = content.prefix.length + content.fileSizeBytes;
    const bytes = Buffer.allocUnsafe(sizeBytes + 1);
    this.readInto(content, bytes, 0);
    return bytes.subarray(0, sizeBytes);
  }

  /**
   * The same into memory of the caller's.
   * @param target has room for prefix, file and one byte more at `at`
   */
  readInto(content: ContentLocation, target: Uint8Array, at: number): void {
    const path = this.path(content.contentId);
    const { prefix, fileSizeBytes } = content;
    target.set(prefix, at);
    readFileInto(path, target, at + prefix.length, fileSizeBytes);
  }

  /**
   * Blocking too: the first bytes of prefix and file as one.
   * @returns how many: all, or as many as there is room for
   * @throws MessageFileError as `read` does
   */
  readStart(content: ContentLocation, target: Uint8Array): number {
    const { prefix, fileSizeBytes } = content;
    const sizeBytes = prefix.length + fileSizeBytes;
    if (sizeBytes < target.length) {
      this.readInto(content, target, 0);
      return sizeBytes;
    }
    const path = this.path(content.contentId);
    let end = Math.min(prefix.length, target.length);
    target.set(prefix.subarray(0, end));
    let descriptor: number | undefined;
    try {
      descriptor = openSync(path, 'r');
      checkSize(path, fstatSync(descriptor).size, fileSizeBytes);
      for (let count = -1; count !== 0 && end < target.length; end += count) {
        count = readSync(descriptor, target, end, target.length - end, null);
      }
    } catch (error) {
      throw toFileError(error, 'read', path);
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
    return end;
  }

  /** A range of prefix and file as one. @param start first byte, @param end after the last */
  stream(content: ContentLocation, start = 0, end = Number.POSITIVE_INFINITY): Readable {
    return Readable.from(this.#chunks(content, start, end), { objectMode: false, highWaterMark: chunkBytes });
  }

  async *#chunks(content: ContentLocation, start: number, end: number): AsyncGenerator<Uint8Array> {
    const { prefix, fileSizeBytes } = content;
    const last = Math.min(end, prefix.length + fileSizeBytes);
    if (start >= last) return;
    if (start < prefix.length) yield prefix.subarray(start, Math.min(last, prefix.length));
    let position = Math.max(0, start - prefix.length);
    const fileEnd = last - prefix.length;
    if (position >= fileEnd) return;
    const path = this.path(content.contentId);
    let file: Awaited<ReturnType<typeof open>>;
    try {
      file = await open(path, 'r');
    } catch (error) {
      throw toFileError(error, 'read', path);
    }
    try {
      checkSize(path, (await file.stat()).size, fileSizeBytes);
      while (position < fileEnd) {
        const bytes = Buffer.allocUnsafe(Math.min(chunkBytes, fileEnd - position));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, position);
        if (bytesRead === 0) checkSize(path, position, fileSizeBytes);
        position += bytesRead;
        yield bytesRead === bytes.length ? bytes : bytes.subarray(0, bytesRead);
      }
    } catch (error) {
      throw toFileError(error, 'read', path);
    } finally {
      await file.close();
    }
  }

  /** Makes a directory with its entry flushed; who comes meanwhile waits for the same flush. */
  async #make(directory: string): Promise<void> {
    let made = this.#made.get(directory);
    if (made === undefined) {
      made = makeDirectoryDurably(directory).then(() => this.#syncer.sync(dirname(directory)));
      this.#made.set(directory, made);
      const [oldest] = this.#made.keys();
      if (this.#made.size > maxKnownDirectories) this.#made.delete(oldest!);
      made.catch(() => this.#made.delete(directory));
    }
    await made;
  }
}
