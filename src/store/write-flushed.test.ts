import { pbkdf2 } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { writeFlushedWithEntry } from './write-flushed.ts';

const derive = promisify(pbkdf2);

it('flushes a file whatever else the pool of threads has to do, and keeps no descriptor', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restante-flushed-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const open = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
  const before = process.platform === 'linux' ? await open() : 0;
  let done = 0;
  const others = Array.from({ length: 60 }, async () => {
    await derive('', '', 60_000, 32, 'sha256');
    done++;
  });
  for (const name of ['one', 'two', 'three']) await writeFlushedWithEntry(join(directory, name), Buffer.from(name));
  expect(done).toBeLessThan(others.length / 2);
  await Promise.all(others);
  await writeFlushedWithEntry(join(directory, 'four'), Buffer.from('four'));
  expect((await readdir(directory)).sort()).toEqual(['four', 'one', 'three', 'two']);
  expect(await readFile(join(directory, 'two'), 'utf8')).toBe('two');
  if (process.platform === 'linux') await expect.poll(open).toBe(before);
});

it('leaves a file that is there as it is', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restante-flushed-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, 'file');
  await writeFlushedWithEntry(path, Buffer.from('first'));
  await expect(writeFlushedWithEntry(path, Buffer.from('second'))).rejects.toMatchObject({ code: 'EEXIST' });
  expect(await readFile(path, 'utf8')).toBe('first');
});
