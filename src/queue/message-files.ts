import { link, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DirectorySyncer, makeDirectoryDurably } from '../runtime/durable-file.ts';
import type { QueueableFile } from './queue.ts';

export const filesPerDirectory = 1024;

/** Below the data directory. */
export function messageFilePath(id: number): string {
  return `queue/msg/${Math.floor(id / filesPerDirectory)}/${id}`;
}

/** The id that a path below the data directory is named for; undefined for what is no message file's path. */
export function messageFileId(path: string): number | undefined {
  const match = /^queue\/msg\/(\d{1,13})\/(\d{1,16})$/.exec(path);
  if (match === null) return undefined;
  const id = Number(match[2]);
  return messageFilePath(id) === path ? id : undefined;
}

/** Files of messages in the queue: each is there, whole and flushed, before a row says so. */
export class MessageFiles {
  readonly #dataDirectory: string;
  readonly #syncer = new DirectorySyncer();
  #made = new Map<number, Promise<void>>();

  constructor(dataDirectory: string) {
    this.#dataDirectory = dataDirectory;
  }

  path(id: number): string {
    return join(this.#dataDirectory, messageFilePath(id));
  }

  /** Gives a file from `tmp/` the name of an id; its entry is flushed when the promise resolves. */
  async link(id: number, file: QueueableFile): Promise<void> {
    const directory = await this.#directory(id);
    await link(join(this.#dataDirectory, 'tmp', file.path), this.path(id));
    await this.#syncer.sync(directory);
  }

  /** Writes a file of our own making under an id; it and its entry are flushed when the promise resolves. */
  async write(id: number, bytes: Uint8Array): Promise<void> {
    const directory = await this.#directory(id);
    const file = await open(this.path(id), 'wx', 0o400);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#syncer.sync(directory);
  }

  /** Removes the files of these ids; flushed when the promise resolves. @returns how many were there */
  async removeAll(ids: readonly number[]): Promise<number> {
    const directories = new Set<string>();
    let removed = 0;
    for (const id of ids) {
      try {
        await unlink(this.path(id));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        throw error;
      }
      removed++;
      directories.add(dirname(this.path(id)));
    }
    for (const directory of directories) await this.#syncer.sync(directory);
    return removed;
  }

  async #directory(id: number): Promise<string> {
    const number = Math.floor(id / filesPerDirectory);
    const path = join(this.#dataDirectory, 'queue', 'msg', String(number));
    let made = this.#made.get(number);
    if (made === undefined) {
      // Ids ascend: a directory is filled and then not written to again.
      if (this.#made.size > 16) this.#made = new Map();
      made = makeDirectoryDurably(path);
      this.#made.set(number, made);
      made.catch(() => this.#made.delete(number));
    }
    await made;
    return path;
  }
}
