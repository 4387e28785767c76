import { close, closeSync, fsync, open, openSync, unlink, write, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { syncDirectory } from '../runtime/durable-file.ts';

const flush = promisify(fsync);

/**
 * Writes a new file, mode 0400, and flushes it; its entry in the directory is not flushed. With callbacks, as this is done for each
 * message that comes: promises of `node:fs` cost twice the processor time.
 * @param onFlush called when all is written and the flush has begun
 */
export function writeFlushed(path: string, bytes: Uint8Array, onFlush?: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    open(path, 'wx', 0o400, (openError, descriptor) => {
      if (openError !== null) {
        reject(openError);
        return;
      }
      const fail = (error: Error): void => {
        close(descriptor, () => unlink(path, () => reject(error)));
      };
      const writeFrom = (offset: number): void => {
        write(descriptor, bytes, offset, bytes.length - offset, null, (error, count) => {
          if (error !== null) fail(error);
          else if (offset + count < bytes.length) writeFrom(offset + count);
          else {
            fsync(descriptor, finish);
            onFlush?.();
          }
        });
      };
      const finish = (error: Error | null): void => {
        if (error !== null) {
          fail(error);
          return;
        }
        // All is flushed: there is nothing to wait for.
        closeSync(descriptor);
        resolve();
      };
      writeFrom(0);
    });
  });
}

/**
 * The same with its entry flushed, both at the same time: nobody looks for the file before both are. Blocks until all is written. What an error
 * leaves of the file is the caller's to remove.
 */
export async function writeFlushedWithEntry(path: string, bytes: Uint8Array): Promise<void> {
  const descriptor = openSync(path, 'wx', 0o400);
  try {
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(descriptor, bytes, offset);
    const flushes = await Promise.allSettled([flush(descriptor), syncDirectory(dirname(path))]);
    for (const result of flushes) if (result.status === 'rejected') throw result.reason;
  } finally {
    closeSync(descriptor);
  }
}
