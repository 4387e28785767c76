import { randomBytes } from 'node:crypto';
import { link, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { RestanteError } from './errors.ts';

/** What takes longer is no longer at work: nobody holds a lock for seconds. */
const longestMs = 60_000;
const waitMs = 20_000;
const lookMs = 15;

/**
 * Changes a file while no other process of this machine, nor another caller in this one, changes it in this way. Who was killed
 * meanwhile holds up nobody: its lock, a file beside that is named as an unfinished write is, says which process it was.
 * @throws RestanteError `file-locked` when somebody else takes too long
 */
export async function withLockFile<Result>(path: string, change: () => Promise<Result>): Promise<Result> {
  const lock = beside(path, '0'.repeat(12));
  for (const end = Date.now() + waitMs; !(await take(lock, path)); await wait(lookMs)) {
    if (Date.now() > end) {
      throw new RestanteError('file-locked', `Cannot change "${path}": another program is changing it`, {
        hint: `If none does, remove "${lock}".`,
      });
    }
  }
  try {
    return await change();
  } finally {
    await unlink(lock).catch(() => {});
  }
}

async function take(lock: string, path: string): Promise<boolean> {
  const own = beside(path, randomBytes(6).toString('hex'));
  // Under its name from the first moment with what it says.
  await writeFile(own, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
  try {
    await link(own, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(own);
  }
  if (await isAbandoned(lock)) await clearAway(lock, path);
  return false;
}

async function isAbandoned(lock: string): Promise<boolean> {
  try {
    const [pid, { mtimeMs }] = await Promise.all([readFile(lock, 'utf8').then(Number), stat(lock)]);
    return Date.now() - mtimeMs > longestMs || !isRunning(pid);
  } catch (error) {
    // Let go meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Moved aside before it goes: if somebody has cleared it away already and taken the lock, that one is put back. */
async function clearAway(lock: string, path: string): Promise<void> {
  const aside = beside(path, randomBytes(6).toString('hex'));
  try {
    await rename(lock, aside);
    if (!(await isAbandoned(aside))) await link(aside, lock);
    await unlink(aside);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of another user, but there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function beside(path: string, hex: string): string {
  return join(dirname(path), `.${basename(path)}.${hex}.tmp`);
}
