import { lstat, readdir, realpath, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { BackupDestinationError } from './backup-errors.ts';
import { manifestName } from './manifest.ts';

/** A backup under way, and one that failed, is at this path; only a complete one gets the name that was asked for. */
export function incompletePath(destination: string): string {
  return `${destination}.incomplete`;
}

/** Whether `path` is `directory` or below it. Both real paths. */
function isWithin(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/**
 * Checks that a backup may be made at a path, and clears what an interrupted one left there.
 * @returns the destination with links in its parent resolved
 * @throws BackupDestinationError
 */
export async function prepareDestination(
  destination: string,
  options: { dataDirectory: string; configDirectory: string; onStale: (path: string) => void },
): Promise<string> {
  if (!isAbsolute(destination)) throw new BackupDestinationError(destination, 'the path is not absolute');
  const parent = await realpath(dirname(destination)).catch((cause) => {
    throw new BackupDestinationError(
      destination,
      `the directory "${dirname(destination)}" can't be opened (${cause.code})`,
      'Make that directory first, for the user that the server runs as.',
    );
  });
  const real = join(parent, basename(destination));
  const dataDirectory = await realpath(options.dataDirectory);
  // In `tmp/` neither: it is emptied when the server starts.
  if (isWithin(real, dataDirectory)) {
    throw new BackupDestinationError(destination, 'it is inside the data directory');
  }
  if (isWithin(real, await realpath(options.configDirectory))) {
    throw new BackupDestinationError(destination, 'it is inside the configuration directory');
  }
  const found = await lstat(real).catch(() => undefined);
  if (found !== undefined) {
    if (!found.isDirectory()) throw new BackupDestinationError(destination, 'a file of that name exists');
    if ((await readdir(real)).length > 0) throw new BackupDestinationError(destination, 'it exists and is not empty');
    // An empty directory can be replaced; a rename over it would need it to stay empty, so it goes now.
    await rmdir(real);
  }
  await clearStale(real, options.onStale);
  return real;
}

async function clearStale(destination: string, onStale: (path: string) => void): Promise<void> {
  const incomplete = incompletePath(destination);
  const entries = await readdir(incomplete).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new BackupDestinationError(destination, `"${incomplete}" is in the way (${error.code})`);
  });
  if (entries === undefined) return;
  const own = [manifestName, 'data', 'config'];
  if (!entries.every((entry) => own.includes(entry))) {
    throw new BackupDestinationError(
      destination,
      `"${incomplete}" is in the way and is not an interrupted backup`,
      'Move it away, or name another destination.',
    );
  }
  onStale(incomplete);
  await rm(incomplete, { recursive: true });
}
