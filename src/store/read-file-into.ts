import { closeSync, openSync, readSync } from 'node:fs';
import { toFileError } from './file-error.ts';
import { MessageFileError } from './store-errors.ts';

/**
 * Reads a whole message file. Blocks.
 * @param target has room for the file and one byte more at `start`
 * @throws MessageFileError when it is missing or has another size
 */
export function readFileInto(path: string, target: Uint8Array, start: number, fileSizeBytes: number): void {
  // One byte more than there should be shows a file that is too long.
  const expected = start + fileSizeBytes;
  let end = start;
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    // A regular file gives all that there is: what has the right size needs no second look.
    for (let count = -1; count !== 0 && end !== expected; end += count) {
      count = readSync(descriptor, target, end, expected + 1 - end, null);
    }
  } catch (error) {
    throw toFileError(error, 'read', path);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  checkSize(path, end - start, fileSizeBytes);
}

/** @throws MessageFileError */
export function checkSize(path: string, size: number, expected: number): void {
  if (size === expected) return;
  throw new MessageFileError('read', path, `it has ${size} bytes, not ${expected} as when it was stored`);
}
