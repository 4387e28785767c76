import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { removeTree } from '../runtime/remove-tree.ts';
import { stateOfIncomplete } from './backup-destination.ts';
import { walkFiles } from './walk-files.ts';

export interface CleanedBackup {
  readonly path: string;
  /** `kept`: it is in use, or holds something that no backup makes. */
  readonly state: 'removed' | 'in use' | 'foreign';
  readonly files: number;
  readonly bytes: number;
}

const suffix = '.incomplete';

/**
 * Removes backups that were interrupted or failed.
 * @param path one such directory, or a directory in which they are
 * @param options.dryRun only says which
 */
export async function* cleanInterrupted(
  path: string,
  options: { dryRun: boolean; signal: AbortSignal },
): AsyncGenerator<CleanedBackup> {
  const whole = resolve(path);
  const isOne = whole.endsWith(suffix) && (await lstat(whole)).isDirectory();
  const directory = isOne ? dirname(whole) : whole;
  const names = isOne
    ? [basename(whole)]
    : (await readdir(directory, { withFileTypes: true }))
        .filter((entry) => entry.isDirectory() && entry.name.endsWith(suffix))
        .map(({ name }) => name)
        .sort();
  for (const name of names) {
    options.signal.throwIfAborted();
    const found = join(directory, name);
    const state = await stateOfIncomplete(found);
    if (state === 'absent') continue;
    let files = 0;
    let bytes = 0;
    for await (const file of walkFiles(found)) {
      files++;
      bytes += (await lstat(join(found, file.path))).size;
    }
    if (state === 'interrupted' && !options.dryRun) await removeTree(found);
    yield { path: found, state: state === 'interrupted' ? 'removed' : state, files, bytes };
  }
}
