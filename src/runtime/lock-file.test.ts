import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isUnfinishedWrite, writeDurably } from './durable-file.ts';
import { withLockFile } from './lock-file.ts';

/** Adds one to the number in a file, some times, with time between reading and writing. */
const program = `
import { readFile } from 'node:fs/promises';
import { withLockFile } from ${JSON.stringify(join(import.meta.dirname, 'lock-file.ts'))};
import { writeDurably } from ${JSON.stringify(join(import.meta.dirname, 'durable-file.ts'))};
const [, path, times, hang] = process.argv;
for (let time = 0; time < Number(times); time++) {
  await withLockFile(path, async () => {
    const number = Number(await readFile(path, 'utf8'));
    await new Promise((resolve) => setTimeout(resolve, 3));
    if (hang) { process.stdout.write('held'); await new Promise((resolve) => setTimeout(resolve, 60_000)); }
    await writeDurably(path, String(number + 1));
  });
}
`;

describe('a lock file', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'restante-lock-'));
    path = join(directory, 'counter');
    await writeFile(path, '0');
  });

  afterEach(() => rm(directory, { recursive: true }));

  const start = (...args: string[]) =>
    spawn(process.execPath, ['--input-type=module-typescript', '-e', program, path, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  it('keeps changes of several processes and callers apart, so that none is lost', async () => {
    const others = [start('30'), start('30')];
    const own = Array.from({ length: 20 }, () =>
      withLockFile(path, async () => {
        const number = Number(await readFile(path, 'utf8'));
        await writeDurably(path, String(number + 1));
      }),
    );
    await Promise.all([...own, ...others.map((child) => once(child, 'exit'))]);
    expect(await readFile(path, 'utf8')).toBe('80');
    expect(await readdir(directory)).toEqual(['counter']);
  });

  it('is let go of by who fails, and by who is killed', async () => {
    await expect(withLockFile(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    const child = start('1', 'hang');
    await once(child.stdout, 'data');
    const left = (await readdir(directory)).filter((name) => name !== 'counter');
    expect(left.map(isUnfinishedWrite)).toEqual([true]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await withLockFile(path, async () => 'mine')).toBe('mine');
    expect(await readdir(directory)).toEqual(['counter']);
  });

  it('of a process number that was given again is not believed for long', async () => {
    const lock = join(directory, '.counter.000000000000.tmp');
    await writeFile(lock, `${process.pid}\n`);
    await utimes(lock, 0, (Date.now() - 120_000) / 1000);
    expect(await withLockFile(path, async () => 'mine')).toBe('mine');
  });
});
