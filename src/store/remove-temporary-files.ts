import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes what earlier processes left in `tmp/`. To be called with the data directory's lock, before anything is opened.
 * @param keep says whether something there, by its path, is to stay
 */
export async function removeTemporaryFiles(dataDirectory: string, keep: (path: string) => boolean): Promise<void> {
  const directory = join(dataDirectory, 'tmp');
  if (!existsSync(directory)) return;
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (!keep(path)) await rm(path, { recursive: true, force: true });
  }
}
