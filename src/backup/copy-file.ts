import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, unlink } from 'node:fs/promises';

const chunkBytes = 1024 * 1024;

export interface CopiedFile {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * Copies a file to a new one, hashing on the way, and flushes it. A regular file only: no symlink is followed.
 * @param mode permission bits of the copy
 * @throws the file system's error; nothing is left of the copy, as far as it can be removed
 */
export async function copyFileHashed(
  source: string,
  destination: string,
  mode: number,
  signal: AbortSignal,
): Promise<CopiedFile> {
  await using output = await open(destination, 'wx', mode);
  try {
    const copied = await readHashed(source, signal, (chunk) => output.writeFile(chunk));
    await output.chmod(mode);
    await output.sync();
    return copied;
  } catch (error) {
    await unlink(destination).catch(() => {});
    throw error;
  }
}

/** Size and SHA-256 of a regular file. */
export async function hashFile(path: string, signal: AbortSignal): Promise<CopiedFile> {
  return await readHashed(path, signal);
}

async function readHashed(
  path: string,
  signal: AbortSignal,
  take?: (chunk: Uint8Array) => Promise<void>,
): Promise<CopiedFile> {
  // O_NOFOLLOW keeps a link put there by somebody else from leading out of the directory.
  await using input = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  const { size } = await input.stat();
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(size + 1, chunkBytes)));
  let sizeBytes = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await input.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return { sizeBytes, sha256: hash.digest('hex') };
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await take?.(chunk);
    sizeBytes += bytesRead;
  }
}
