import { close, closeSync, fsync, open, unlink, write } from 'node:fs';

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
