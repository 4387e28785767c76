import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, fsync, openSync } from 'node:fs';
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
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

/** Whether a file of this name is what a crash in `writeDurably` leaves. */
export function isUnfinishedWrite(name: string): boolean {
  return /^\.[^/]+\.[0-9a-f]{12}\.tmp$/.test(name);
}

/**
 * Removes what crashes in `writeDurably` left in a directory.
 * @param olderThanMs younger files stay, where others may be writing
 * @returns how many files
 */
export async function removeUnfinishedWrites(directory: string, olderThanMs = 0): Promise<number> {
  let removed = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isFile() || !isUnfinishedWrite(entry.name)) continue;
    const path = join(directory, entry.name);
    if (olderThanMs > 0 && Date.now() - (await stat(path)).mtimeMs < olderThanMs) continue;
    await unlink(path);
    removed++;
  }
  return removed;
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

/**
 * Flushes all of the file system that a directory is on, at once: for a hundred thousand new files, where a flush of each would take
 * many times as long.
 * @returns false when this system has no such call: each file and directory is then to be flushed by itself
 * @throws when something could not be written
 */
export async function syncFileSystem(directory: string): Promise<boolean> {
  try {
    // syncfs(2), which Node lacks; it reports failed writes since Linux 5.8.
    await promisify(execFile)('sync', ['--file-system', directory]);
    return true;
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    // Exit code 1 is also what an option that is unknown ends with, in other software than GNU's.
    if (code === 'ENOENT' || /unrecognized|invalid option|usage/i.test(stderr)) return false;
    const message = stderr.trim() || (error as Error).message;
    throw Object.assign(new Error(message), { code: /no space left/i.test(message) ? 'ENOSPC' : 'EIO' });
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
