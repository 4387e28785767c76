import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ManifestFile, type ManifestTail, ManifestWriter, readManifest } from './manifest.ts';

const tail: Omit<ManifestTail, 'sha256'> = {
  complete: true,
  files: 0,
  bytes: 0,
  linked: 0,
  copied: 0,
  accounts: {},
  pauseMs: 1.5,
  durationMs: 1,
  errors: [],
  warnings: [],
};

function file(path: string): ManifestFile {
  return { path, kind: 'config', sizeBytes: 1, sha256: '0'.repeat(64), mode: '600' };
}

async function inDirectory(work: (path: string, directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'restante-manifest-'));
  try {
    await work(join(directory, 'manifest.jsonl'), directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function write(path: string, paths: readonly string[]): Promise<void> {
  await using writer = await ManifestWriter.create(path);
  await writer.add({ format: 1, software: '0', hostname: 'h', instant: '2026-11-23', messageFiles: 'linked' });
  await Promise.all(paths.map((each) => writer.add(file(each))));
  await writer.finish({ ...tail, files: paths.length });
}

async function read(path: string, directory: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const line of readManifest(directory, path)) if ('file' in line) paths.push(line.file.path);
  return paths;
}

describe('a manifest', () => {
  it('has its lines in order when many are added at once', async () => {
    await inDirectory(async (path, directory) => {
      const paths = Array.from({ length: 20 }, (_, index) => `config/${'x'.repeat(900 * 1024 - index * 5000)}${index}`);
      await write(path, paths);
      expect(await read(path, directory)).toEqual(paths);
    });
  });

  it('holds names with line separators of Unicode', async () => {
    await inDirectory(async (path, directory) => {
      const paths = ['config/a\u2028b', 'config/c\u0085d\re\nf'];
      await write(path, paths);
      expect(await read(path, directory)).toEqual(paths);
    });
  });

  it('is refused when a line is longer than any should be', async () => {
    await inDirectory(async (path, directory) => {
      await writeFile(path, Buffer.alloc(20 * 1024 * 1024, 120));
      await expect(read(path, directory)).rejects.toThrow('a line of its manifest is too long');
    });
  });
});
