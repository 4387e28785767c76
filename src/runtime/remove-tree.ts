import { lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Files that are being removed at the same time. */
const filesAtOnce = 32;

/**
 * Removes a directory with all that is in it, no link followed; what is gone already is passed over. Node's own begins with all of it at
 * once: of a million files that takes half a gigabyte, and holds the thread for as long as others notice.
 */
export async function removeTree(directory: string): Promise<void> {
  // Who keeps an account on another disk may have a link in its place: what is there is not for us to remove.
  if ((await lstat(directory).catch(unlessGone))?.isSymbolicLink() === true) {
    await unlink(directory).catch(unlessGone);
    return;
  }
  await removeBelow(directory);
}

/** @param directory no link */
async function removeBelow(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(unlessGone);
  if (entries === undefined) return;
  for (let at = 0; at < entries.length; at += filesAtOnce) {
    const some = entries.slice(at, at + filesAtOnce);
    for (const entry of some) if (entry.isDirectory()) await removeBelow(join(directory, entry.name));
    const files = some.filter((entry) => !entry.isDirectory());
    await Promise.all(files.map(({ name }) => unlink(join(directory, name)).catch(unlessGone)));
  }
  await rmdir(directory).catch(unlessGone);
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
