import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileWorkers } from './file-workers.ts';

let directory: string;
const { signal } = new AbortController();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-workers-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('file workers', () => {
  it('link, copy and hash files of all sizes, and answer in order', async () => {
    const sizes = [0, 1, 4096, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 3_000_000];
    const contents = sizes.map((size) => randomBytes(size));
    for (const [at, content] of contents.entries()) await writeFile(join(directory, `${at}`), content, { mode: 0o600 });
    await using workers = new FileWorkers({ signal });
    const [copies, links, hashes] = await Promise.all([
      workers.run(
        sizes.map((_, at) => ({
          action: 'copy',
          source: join(directory, `${at}`),
          target: join(directory, `copy${at}`),
          mode: 0o444,
        })),
      ),
      workers.run(
        sizes.map((_, at) => ({
          action: 'link',
          source: join(directory, `${at}`),
          target: join(directory, `link${at}`),
        })),
      ),
      workers.run(sizes.map((_, at) => ({ action: 'hash', source: join(directory, `${at}`) }))),
    ]);
    expect(hashes).toEqual(
      contents.map((content) => ({ sizeBytes: content.length, sha256: sha256(content), mode: 0o600 })),
    );
    expect(copies).toEqual(
      contents.map((content) => ({ sizeBytes: content.length, sha256: sha256(content), mode: 0o444 })),
    );
    expect(links).toEqual(contents.map((content) => ({ sizeBytes: content.length, mode: 0o600 })));
    for (const [at, content] of contents.entries()) {
      expect((await readFile(join(directory, `copy${at}`))).equals(content)).toBe(true);
      expect((await lstat(join(directory, `copy${at}`))).mode & 0o777).toBe(0o444);
      expect((await lstat(join(directory, `link${at}`))).ino).toBe((await lstat(join(directory, `${at}`))).ino);
    }
  });

  it('name what cannot be done, file by file, and leave no half of a copy', async () => {
    await writeFile(join(directory, 'a'), 'a');
    await symlink('a', join(directory, 'link'));
    await mkdir(join(directory, 'directory'));
    await using workers = new FileWorkers({ signal, threads: 1 });
    const outcomes = await workers.run([
      { action: 'hash', source: join(directory, 'missing') },
      { action: 'hash', source: join(directory, 'link') },
      { action: 'copy', source: join(directory, 'directory'), target: join(directory, 'b'), mode: 0o600 },
      { action: 'copy', source: join(directory, 'missing'), target: join(directory, 'c'), mode: 0o600 },
      { action: 'link', source: join(directory, 'link'), target: join(directory, 'd') },
      { action: 'copy', source: join(directory, 'a'), target: join(directory, 'link'), mode: 0o600 },
    ]);
    expect(outcomes.map(({ error }) => error?.code)).toEqual([
      'ENOENT',
      'ELOOP',
      'NOT_A_FILE',
      'ENOENT',
      'NOT_A_FILE',
      'EEXIST',
    ]);
    for (const name of ['b', 'c', 'd']) await expect(lstat(join(directory, name))).rejects.toThrow(/ENOENT/);
  });

  it('keep to a number of bytes a second, together', async () => {
    await writeFile(join(directory, 'a'), Buffer.alloc(100_000));
    await using workers = new FileWorkers({ signal, bytesPerSecond: 2_000_000, threads: 2 });
    const started = performance.now();
    await workers.run(Array.from({ length: 200 / 4 }, () => ({ action: 'hash', source: join(directory, 'a') })));
    // 5 MB at 2 MB/s: the first piece comes for nothing.
    expect(performance.now() - started).toBeGreaterThan(2300);
  });

  it('stop in the middle of a file when they are told to', async () => {
    await writeFile(join(directory, 'a'), Buffer.alloc(8_000_000));
    const abort = new AbortController();
    await using workers = new FileWorkers({ signal: abort.signal, bytesPerSecond: 1_000_000 });
    const running = workers.run([
      { action: 'copy', source: join(directory, 'a'), target: join(directory, 'b'), mode: 0o600 },
    ]);
    setTimeout(() => abort.abort(new Error('enough')), 100);
    await expect(running).rejects.toThrow('enough');
    await expect(lstat(join(directory, 'b'))).rejects.toThrow(/ENOENT/);
  });

  it('compare files of several directories with what is known of them', async () => {
    const expected = [];
    for (let at = 0; at < 1200; at++) {
      const path = `${Math.floor(at / 500)}/${at}`;
      const content = randomBytes(at % 50);
      await mkdir(join(directory, dirname(path)), { recursive: true });
      await writeFile(join(directory, path), content);
      expected.push({ path, sizeBytes: content.length, sha256: sha256(content) });
    }
    await using workers = new FileWorkers({ signal });
    expect(await workers.compare(directory, expected)).toEqual([]);

    await rm(join(directory, '0/7'));
    await writeFile(join(directory, '0/499'), 'other');
    await writeFile(join(directory, '1/501'), Buffer.alloc(1));
    // The SHA-256 of a damaged row may have any length.
    expected[1199] = { ...expected[1199]!, sha256: `${expected[1199]!.sha256}00` };
    const problems = await workers.compare(directory, expected);
    expect(problems.map(({ at, kind }) => [at, kind])).toEqual([
      [7, 'missing'],
      [499, 'size'],
      [501, 'sha256'],
      [1199, 'sha256'],
    ]);
  });

  it('compare nothing but regular files, to their ends', async () => {
    const content = randomBytes(4096);
    const large = randomBytes(1024 * 1024);
    const contents = [content, content, content, content, content, content, Buffer.alloc(0), Buffer.alloc(0), large];
    const names = ['good', 'longer', 'shorter', 'link', 'directory', 'pipe', 'empty', 'empty-pipe', 'large'];
    await writeFile(join(directory, 'good'), content);
    await writeFile(join(directory, 'longer'), Buffer.concat([content, Buffer.alloc(1)]));
    await writeFile(join(directory, 'shorter'), content.subarray(1));
    await symlink('good', join(directory, 'link'));
    await mkdir(join(directory, 'directory'));
    execFileSync('mkfifo', [join(directory, 'pipe'), join(directory, 'empty-pipe')]);
    await writeFile(join(directory, 'empty'), '');
    await writeFile(join(directory, 'large'), large);
    await using workers = new FileWorkers({ signal });
    const expected = names.map((path, at) => ({
      path,
      sizeBytes: contents[at]!.length,
      sha256: sha256(contents[at]!),
    }));
    const problems = await workers.compare(directory, expected);
    expect(problems.map(({ at, kind }) => [names[at], kind])).toEqual([
      ['longer', 'size'],
      ['shorter', 'size'],
      ['link', 'not-a-file'],
      ['directory', 'not-a-file'],
      ['pipe', 'not-a-file'],
      ['empty-pipe', 'not-a-file'],
    ]);
  });
});
