import { randomBytes } from 'node:crypto';
import { closeSync, fsync, openSync } from 'node:fs';
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const flush = promisify(fsync);

/**
 * The one module through which a durable write goes: temporary file, fsync, rename, directory fsync. After a crash at any step
 * the path holds the old content or the new one, whole; a temporary file `.<name>.<random>.tmp` may be left beside it.
 */

/** Replaces or creates a file. Durable when the promise resolves. */
export async function writeDurably(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncDirectory(directory);
}

/** Flushes a directory's entries. Opening and closing a directory touches no disk; in the thread pool it would cost more than it takes. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = openSync(path, 'r');
  try {
    await flush(directory);
  } finally {
    closeSync(directory);
  }
}

/** Makes a directory and those above it, each new one with its entry flushed. */
export async function makeDirectoryDurably(path: string, mode = 0o700): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode });
  if (first === undefined) return;
  for (let made = path; ; made = dirname(made)) {
    await syncDirectory(dirname(made));
    if (made === first) return;
  }
}

/**
 * Flushes directories for many callers at once: callers that ask while a flush of the same directory waits to start share it.
 * A call only shares a flush that starts after the call, so that the caller's entry is in it.
 */
export class DirectorySyncer {
  readonly #running = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, Promise<void>>();

  async sync(path: string): Promise<void> {
    const running = this.#running.get(path);
    if (running === undefined) return await this.#start(path);
    let waiting = this.#waiting.get(path);
    if (waiting === undefined) {
      waiting = running.then(
        () => this.#startNext(path),
        () => this.#startNext(path),
      );
      this.#waiting.set(path, waiting);
    }
    await waiting;
  }

  #startNext(path: string): Promise<void> {
    this.#waiting.delete(path);
    return this.#start(path);
  }

  #start(path: string): Promise<void> {
    const flush = syncDirectory(path).finally(() => {
      if (this.#running.get(path) === flush) this.#running.delete(path);
    });
    this.#running.set(path, flush);
    return flush;
  }
}
