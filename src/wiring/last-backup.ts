import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../runtime/durable-file.ts';

export interface LastBackup {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly path: string;
  readonly bytes: number;
  readonly durationMs: number;
  readonly pauseMs: number;
}

const name = 'backups.json';

/**
 * The last complete backup of a data directory, so that its age is known after a restart too. A file that says nothing counts as none: what
 * watches the age then raises an alarm, and the next backup ends it.
 */
export async function readLastBackup(dataDirectory: string): Promise<LastBackup | undefined> {
  try {
    return parse(await readFile(join(dataDirectory, name), 'utf8'));
  } catch {
    return undefined;
  }
}

/** @throws when the text says nothing of a backup */
function parse(text: string): LastBackup {
  const { at, path, bytes, durationMs, pauseMs } = JSON.parse(text) as Record<keyof LastBackup, unknown>;
  if (typeof path !== 'string' || [at, bytes, durationMs, pauseMs].some((number) => typeof number !== 'number')) {
    throw new TypeError('It has not what a backup is described by');
  }
  return { at, path, bytes, durationMs, pauseMs } as LastBackup;
}

/** @returns what is wrong with the file, if it is there */
export async function wrongWithLastBackup(dataDirectory: string): Promise<string | undefined> {
  try {
    parse(await readFile(join(dataDirectory, name), 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'says nothing of a backup';
  }
  return undefined;
}

export async function writeLastBackup(dataDirectory: string, last: LastBackup): Promise<void> {
  await writeDurably(join(dataDirectory, name), `${JSON.stringify(last)}\n`);
}
