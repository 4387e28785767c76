import { close, closeSync, fsync, fsyncSync, open, openSync, unlink, write, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

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

/** For as long the threads of the pool are waited for. */
const mostPoolMs = 20;
/** Flushes that nobody waits for any more. */
let overdue = 0;

/**
 * The same with its entry flushed, both at the same time: nobody looks for the file before both are. Blocks until all is written, and until
 * all is flushed where the pool has so much else to do that it doesn't come to it soon: a transaction waits for this, and many others for
 * that. What an error leaves of the file is the caller's to remove.
 */
export async function writeFlushedWithEntry(path: string, bytes: Uint8Array): Promise<void> {
  using opened = new DisposableStack();
  const openFor = (name: string, flags: string): number => opened.adopt(openSync(name, flags, 0o400), closeSync);
  const file = openFor(path, 'wx');
  // What cannot be written is reported once to each descriptor: what flushes here must not miss what the pool was told.
  const again = openFor(path, 'r');
  const directory = openFor(dirname(path), 'r');
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset);
  if (overdue === 0) {
    const flushes = Promise.allSettled([flush(file), flush(directory)]);
    const results = await untilLate(flushes);
    for (const result of results ?? []) if (result.status === 'rejected') throw result.reason;
    if (results !== undefined) return;
    overdue++;
    const used = opened.move();
    void flushes.then(() => {
      overdue--;
      used.dispose();
    });
  }
  fsyncSync(again);
  fsyncSync(directory);
}

/** @returns undefined when it takes too long */
async function untilLate<Result>(flushes: Promise<Result>): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, mostPoolMs, undefined);
  });
  try {
    return await Promise.race([flushes, late]);
  } finally {
    clearTimeout(timer);
  }
}
