import { statSync } from 'node:fs';
import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import type { CopyOptions } from '../engine.ts';

/** The event loop is held for about this long by each step. */
const stepMs = 2;
/** The last step flushes what has been written since, on this thread: so most is flushed before, on others. */
const flushBytes = 16 * 1024 * 1024;
/** Up to these sizes a database is read in one go, which spares the journal and all flushes but one: that holds this thread. */
const serializeBytes = 2 * 1024 * 1024;
const serializeHoldingBytes = 64 * 1024 * 1024;
/** Of a file that is copied as it is. */
const pieceBytes = 1024 * 1024;

/**
 * Copies what a connection's open read transaction sees into a new file, mode 0600: complete, without journal. The caller flushes the
 * directory.
 * @returns number of the last migration
 */
export async function copyPinned(
  source: Database,
  destination: string,
  options: CopyOptions,
): Promise<{ schemaVersion: number }> {
  options.signal.throwIfAborted();
  const pageBytes = source.pragma('page_size', { simple: true }) as number;
  const pages = source.pragma('page_count', { simple: true }) as number;
  const asFile = options.bytesPerSecond === undefined && isAllInFile(source.name, pages * pageBytes);
  // Exclusively: whatever stands there already is not ours to overwrite.
  const file = await open(destination, 'wx', 0o600);
  try {
    const mayHold = options.mayHold === true && options.bytesPerSecond === undefined;
    const limit = mayHold ? serializeHoldingBytes : serializeBytes;
    const content = !asFile && pages * pageBytes <= limit ? source.serialize() : undefined;
    if (asFile) {
      await copyFile(source.name, file, options);
    } else if (content !== undefined && !hasEmptyPage(content, pageBytes)) {
      content.set(withoutLog, logMarksAt);
      await file.writeFile(content);
      options.onProgress?.(content.length, content.length);
    } else {
      await copyInSteps(source, file, destination, pageBytes, options);
    }
    if (options.flush !== false) await file.sync();
    await file.close();
    checkOpens(destination);
    return { schemaVersion: source.pragma('user_version', { simple: true }) as number };
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(destination).catch(() => {});
    throw error;
  }
}

/** Not on this thread, which is what makes it worth while. */
async function copyFile(path: string, target: FileHandle, { signal, onProgress }: CopyOptions): Promise<void> {
  await using source = await open(path, 'r');
  const { size } = await source.stat();
  const piece = Buffer.allocUnsafe(Math.min(pieceBytes, size));
  for (let at = 0; at < size; ) {
    signal.throwIfAborted();
    const { bytesRead } = await source.read(piece, 0, piece.length, at);
    if (bytesRead === 0) throw new Error(`the file ends at ${at} of its ${size} bytes`);
    const bytes = piece.subarray(0, bytesRead);
    if (at === 0) bytes.set(withoutLog, logMarksAt);
    await target.writeFile(bytes);
    at += bytesRead;
    onProgress?.(at, size);
  }
}

async function copyInSteps(
  source: Database,
  file: FileHandle,
  destination: string,
  pageBytes: number,
  options: CopyOptions,
): Promise<void> {
  let pages = 64;
  let stepped = performance.now();
  let flushedBytes = 0;
  let flushing: Promise<void> | undefined;
  let flushError: unknown;
  const started = stepped;
  await source.backup(destination, {
    progress({ totalPages, remainingPages }) {
      options.signal.throwIfAborted();
      const doneBytes = (totalPages - remainingPages) * pageBytes;
      if (isAhead(doneBytes, performance.now() - started, options.bytesPerSecond)) {
        // The next step comes at the next turn of the loop, whenever that is: without sleeping, it would spin.
        Atomics.wait(sleeper, 0, 0, 1);
        stepped = performance.now();
        return 0;
      }
      if (options.flush !== false && flushing === undefined && doneBytes - flushedBytes >= flushBytes) {
        flushedBytes = doneBytes;
        flushing = file
          .datasync()
          .catch((error: unknown) => {
            flushError = error;
          })
          .finally(() => {
            flushing = undefined;
          });
      }
      options.onProgress?.(doneBytes, totalPages * pageBytes);
      const now = performance.now();
      // Time between steps includes what others did in the loop: when that is much, steps get smaller too, which suits.
      const elapsed = now - stepped;
      stepped = now;
      if (elapsed > stepMs * 2) pages = Math.max(16, pages >> 1);
      else if (elapsed < stepMs) pages = Math.min(4096, pages * 2);
      return pages;
    },
  });
  await flushing;
  // The system tells of a failed write once: a later flush may succeed.
  if (flushError !== undefined) throw flushError;
  const total = (await stat(destination)).size;
  options.onProgress?.(total, total);
  const copy = new SqliteDatabase(destination, { fileMustExist: true });
  try {
    copy.pragma('synchronous = OFF');
    copy.pragma('journal_mode = DELETE');
  } finally {
    copy.close();
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

function isAhead(doneBytes: number, elapsedMs: number, bytesPerSecond: number | undefined): boolean {
  return bytesPerSecond !== undefined && doneBytes > (elapsedMs / 1000) * bytesPerSecond;
}

/**
 * SQLite puts zeros for pages that it could not read, and says nothing. A page that was free may be empty too: copying in steps, which
 * does say, then tells which it is.
 */
function hasEmptyPage(content: Buffer, pageBytes: number): boolean {
  const empty = Buffer.alloc(pageBytes);
  for (let at = 0; at < content.length; at += pageBytes) {
    if (content[at] === 0 && content.compare(empty, 0, pageBytes, at, at + pageBytes) === 0) return true;
  }
  return false;
}

/** A file's header says at these two bytes whether it has a write-ahead log (2) or a rollback journal (1). */
const logMarksAt = 18;
const withoutLog = new Uint8Array([1, 1]);

/**
 * Whether the pinned transaction sees what the file alone holds, all of it: one that was cut short is for SQLite to complain of. What is
 * logged from now on stays in the log while it is pinned: a checkpoint may write pages to the file only when no reader reads it without a
 * log.
 * Source: https://sqlite.org/walformat.html §2.3.2, WAL_READ_LOCK(0)
 */
function isAllInFile(path: string, sizeBytes: number): boolean {
  const logBytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  return logBytes === 0 && statSync(path).size === sizeBytes;
}

function checkOpens(path: string): void {
  const copy = new SqliteDatabase(path, { readonly: true, fileMustExist: true });
  try {
    copy.pragma('schema_version');
    copy.prepare('SELECT count(*) FROM sqlite_schema').get();
  } finally {
    copy.close();
  }
}
