import { rmSync } from 'node:fs';
import { lstat, readdir, realpath, rmdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { DataDirectoryLockedError, lockDataDirectory, lockFileName } from '../database/directory-lock.ts';
import { removeTree } from '../runtime/remove-tree.ts';
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
 * @param options.warn is told what a person should know of the place
 * @returns the destination with links in its parent resolved
 * @throws BackupDestinationError
 */
export async function prepareDestination(
  destination: string,
  options: { dataDirectory: string; configDirectory: string; warn: (text: string) => void },
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
  const temporary = join(dataDirectory, 'tmp');
  if (isWithin(real, dataDirectory) && (real === temporary || !isWithin(real, temporary))) {
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
  await clearInterrupted(real, options.warn);
  return real;
}

async function clearInterrupted(destination: string, warn: (text: string) => void): Promise<void> {
  const incomplete = incompletePath(destination);
  switch (await stateOfIncomplete(incomplete)) {
    case 'absent':
      return;
    case 'in use':
      throw new BackupDestinationError(destination, 'another backup is being made there', 'Wait until it has ended.');
    case 'foreign':
      throw new BackupDestinationError(
        destination,
        `"${incomplete}" is in the way and is not an interrupted backup`,
        'Move it away, or name another destination.',
      );
    case 'interrupted':
      warn(`removing an interrupted backup: "${incomplete}"`);
      await removeTree(incomplete);
  }
}

/** What may stand in a directory that a backup was being written to. */
const own = new Set([manifestName, 'data', 'config', lockFileName, `${lockFileName}-journal`]);

/** What is at the path of a backup in the making. */
export async function stateOfIncomplete(path: string): Promise<'absent' | 'in use' | 'foreign' | 'interrupted'> {
  let entries: string[];
  try {
    entries = await readdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'absent';
    if (code === 'ENOTDIR') return 'foreign';
    throw error;
  }
  if (!entries.every((entry) => own.has(entry))) return 'foreign';
  if (!entries.includes(lockFileName)) return 'interrupted';
  try {
    lockDataDirectory(path)[Symbol.dispose]();
    return 'interrupted';
  } catch (error) {
    if (error instanceof DataDirectoryLockedError) return 'in use';
    throw error;
  }
}

/**
 * Marks a backup in the making, until it is released or this process ends, so that nobody takes it for an interrupted one.
 * `release` also removes the mark.
 */
export function lockIncomplete(path: string): Disposable & { release(): void } {
  const lock = lockDataDirectory(path);
  const unlock = (): void => lock[Symbol.dispose]();
  return {
    release() {
      unlock();
      for (const name of [lockFileName, `${lockFileName}-journal`]) rmSync(join(path, name), { force: true });
    },
    [Symbol.dispose]: unlock,
  };
}
