import { existsSync } from 'node:fs';
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../runtime/remove-tree.ts';

/**
 * Removes what earlier processes left in `tmp/`. To be called with the data directory's lock, before anything is opened.
 * @param keep says whether something there, by its path, is to stay
 */
export async function removeTemporaryFiles(dataDirectory: string, keep: (path: string) => boolean): Promise<void> {
  const directory = join(dataDirectory, 'tmp');
  if (!existsSync(directory)) return;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (keep(path)) continue;
    // An account whose removal was cut short may have any number of files.
    await (entry.isDirectory() ? removeTree(path) : unlink(path));
  }
}
