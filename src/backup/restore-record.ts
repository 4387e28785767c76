import { open, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { syncDirectory } from '../runtime/durable-file.ts';

/**
 * How often a backup was restored, in `<backup>.restores.jsonl` beside it: outside of what is restored, so that a second restore knows of
 * the first, and numbers that were given out in between are not given out again. The backup itself stays as it is.
 */
export function recordPath(backup: string): string {
  return `${resolve(backup)}.restores.jsonl`;
}

/** @returns how many restores are recorded; an unreadable line counts as one */
export async function countRestores(backup: string): Promise<number> {
  try {
    const text = await readFile(recordPath(backup), 'utf8');
    return text.split('\n').filter((line) => line !== '').length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Durable when the promise resolves. To be called before what was restored can be used. */
export async function recordRestore(backup: string, record: { at: string; dataDirectory: string }): Promise<void> {
  const path = recordPath(backup);
  await using file = await open(path, 'a', 0o600);
  await file.writeFile(`${JSON.stringify(record)}\n`);
  await file.sync();
  await syncDirectory(dirname(path));
}
