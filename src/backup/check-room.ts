import { stat, statfs } from 'node:fs/promises';
import type { DurablePart, ExpectedSize } from '../database/durable-part.ts';
import type { DatabaseSnapshot } from '../database/engine.ts';
import { BackupDestinationError } from './backup-errors.ts';

/** A line of the manifest. */
const lineBytes = 260;
/** What a file takes beyond its bytes, on the average: half a block, and its inode. */
const fileOverheadBytes = 2048 + 256;

export async function expectedSize(
  parts: readonly DurablePart[],
  snapshot: DatabaseSnapshot,
  dataDirectory: string,
): Promise<ExpectedSize> {
  const sum = { messageFiles: 0, messageBytes: 0, databaseBytes: 0 };
  for (const part of parts) {
    const size = await part.expect?.(snapshot, dataDirectory);
    sum.messageFiles += size?.messageFiles ?? 0;
    sum.messageBytes += size?.messageBytes ?? 0;
    sum.databaseBytes += size?.databaseBytes ?? 0;
  }
  return sum;
}

/**
 * Sees whether the file system of a backup has room for it.
 * @returns whether message files will be linked: asked for, and on the same file system
 * @throws BackupDestinationError when it is too small
 */
export async function checkRoom(options: {
  root: string;
  dataDirectory: string;
  destination: string;
  messageFiles: 'link' | 'copy';
  expected: ExpectedSize;
}): Promise<boolean> {
  const { root, dataDirectory, destination, expected } = options;
  const linking = options.messageFiles === 'link' && (await stat(root)).dev === (await stat(dataDirectory)).dev;
  const messages = linking ? 0 : expected.messageBytes + expected.messageFiles * fileOverheadBytes;
  const neededBytes = expected.databaseBytes + messages + expected.messageFiles * lineBytes;
  const { bavail, bsize } = await statfs(root);
  const freeBytes = bavail * bsize;
  if (freeBytes < neededBytes) {
    throw new BackupDestinationError(
      destination,
      `its file system is too small: about ${mebibytes(neededBytes)} are needed, ${mebibytes(freeBytes)} are free`,
      'Make room there, or name a directory on another file system.',
    );
  }
  // Asked for, it is tried even elsewhere: a bind mount of the same file system refuses, and that is said with a hint.
  return options.messageFiles === 'link';
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
