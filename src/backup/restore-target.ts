import { existsSync } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { RestoreTargetError } from './backup-errors.ts';

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

/**
 * @param cutShort whether an earlier restore to the place was
 * @throws RestoreTargetError
 */
export async function checkEmpty(target: string, cutShort: boolean): Promise<void> {
  const found = await lstat(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new RestoreTargetError(target, `it can't be looked at (${error.code})`);
  });
  if (found === undefined) return;
  if (!found.isDirectory()) throw new RestoreTargetError(target, 'it is not a directory');
  if ((await readdir(target)).length > 0) {
    // The configuration gets its name first, the data directory last.
    const left = cutShort ? '; an earlier restore was cut short: what it left there can be removed' : '';
    throw new RestoreTargetError(target, `it is not empty${left}`);
  }
}
