import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import SqliteDatabase, { type Database } from 'better-sqlite3';

export interface CopyOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/** The event loop is held for about this long by each step. */
const stepMs = 2;
/** The last step flushes what has been written since, on this thread: so most is flushed before, on others. */
const flushBytes = 16 * 1024 * 1024;
/** Up to this size a database is read in one go, which spares the journal and all flushes but one. */
const serializeBytes = 2 * 1024 * 1024;

/**
 * Copies what a connection's open read transaction sees into a new file, mode 0600: complete, without journal, flushed. The caller
 * flushes the directory.
 */
export async function copyPinned(source: Database, destination: string, options: CopyOptions): Promise<void> {
  options.signal.throwIfAborted();
  const pageBytes = source.pragma('page_size', { simple: true }) as number;
  const pages = source.pragma('page_count', { simple: true }) as number;
  // Exclusively: whatever stands there already is not ours to overwrite.
  const file = await open(destination, 'wx', 0o600);
  try {
    if (pages * pageBytes <= serializeBytes) {
      const content = withoutLog(source.serialize());
      await file.writeFile(content);
      options.onProgress?.(content.length, content.length);
    } else {
      await copyInSteps(source, file, destination, pageBytes, options);
    }
    await file.sync();
    await file.close();
    checkOpens(destination);
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(destination).catch(() => {});
    throw error;
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
  await source.backup(destination, {
    progress({ totalPages, remainingPages }) {
      options.signal.throwIfAborted();
      const doneBytes = (totalPages - remainingPages) * pageBytes;
      if (flushing === undefined && doneBytes - flushedBytes >= flushBytes) {
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

/** A file's header says at 18 and 19 whether it has a write-ahead log (2) or a rollback journal (1). */
function withoutLog(content: Buffer): Buffer {
  content[18] = 1;
  content[19] = 1;
  return content;
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
