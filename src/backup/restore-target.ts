import { existsSync } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { RestoreTargetError } from './backup-errors.ts';
import { restoring } from './copy-backup.ts';

/**
 * What was restored into a backup would make it one that holds files its manifest doesn't list.
 * @throws RestoreTargetError
 */
export async function checkOutside(backup: string, target: string): Promise<void> {
  const real = await realpath(backup).catch(() => resolve(backup));
  let above = resolve(target);
  while (!existsSync(above)) above = dirname(above);
  const way = relative(real, await realpath(above));
  if (way === '' || !(way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way))) {
    throw new RestoreTargetError(target, 'it is inside the backup');
  }
}

/** Stands in a configuration directory from before it has its name until the data directory that belongs to it has its own. */
export const unfinishedMark = '.restoring';

/** Whether an earlier restore gave the configuration its name, and was cut short before the data directory had its own. */
export function isUnfinished(dataDirectory: string, configDirectory: string): boolean {
  return existsSync(restoring(dataDirectory)) && existsSync(join(configDirectory, unfinishedMark));
}

/** @throws RestoreTargetError */
export async function checkEmpty(target: string): Promise<void> {
  const found = await lstat(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new RestoreTargetError(target, `it can't be looked at (${error.code})`);
  });
  if (found === undefined) return;
  if (!found.isDirectory()) throw new RestoreTargetError(target, 'it is not a directory');
  if ((await readdir(target)).length > 0) throw new RestoreTargetError(target, 'it is not empty');
}
