import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { removeUnfinishedWrites, writeDurably } from './durable-file.ts';

it('writes whole files, and takes away what a crash left of one, but nothing else', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restante-durable-'));
  try {
    await writeDurably(join(directory, 'version'), 'one');
    await writeDurably(join(directory, 'version'), 'two');
    expect(await readFile(join(directory, 'version'), 'utf8')).toBe('two');
    // A write that fails takes its temporary file away itself.
    await mkdir(join(directory, 'occupied'));
    await expect(writeDurably(join(directory, 'occupied'), '')).rejects.toThrow();
    expect((await readdir(directory)).sort()).toEqual(['occupied', 'version']);
    await rename(join(directory, 'version'), join(directory, '.version.0123456789ab.tmp'));
    await mkdir(join(directory, '.directory.0123456789ab.tmp'));
    for (const name of ['.version.tmp', 'version.0123456789ab.tmp']) await writeFile(join(directory, name), '');
    expect(await removeUnfinishedWrites(directory, 60_000)).toBe(0);
    expect(await removeUnfinishedWrites(directory)).toBe(1);
    expect((await readdir(directory)).sort()).toEqual([
      '.directory.0123456789ab.tmp',
      '.version.tmp',
      'occupied',
      'version.0123456789ab.tmp',
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
});
