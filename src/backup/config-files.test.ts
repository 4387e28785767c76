import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfigFiles } from './config-files.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'restante-config-'));
  await mkdir(join(root, 'data'));
});
afterAll(() => rm(root, { recursive: true }));

async function configDirectory(name: string): Promise<string> {
  const directory = join(root, name);
  await mkdir(directory);
  await writeFile(join(directory, 'restante.yaml'), 'x');
  return directory;
}

function read(directory: string): string[] {
  return readConfigFiles(directory, join(root, 'data')).map(({ path, bytes }) => `${path} ${bytes.length}`);
}

it('reads files through links to files and to directories, and leaves unfinished writes out', async () => {
  const directory = await configDirectory('linked');
  await mkdir(join(root, 'certificates'));
  await writeFile(join(root, 'certificates', 'a.pem'), 'abc');
  await symlink(join(root, 'certificates'), join(directory, 'live'));
  await symlink(join(root, 'certificates', 'a.pem'), join(directory, 'one.pem'));
  await writeFile(join(directory, '.domains.yaml.0123456789ab.tmp'), 'half');
  expect(read(directory).sort()).toEqual(['live/a.pem 3', 'one.pem 3', 'restante.yaml 1']);
});

it('leaves out the data directory within it', async () => {
  const directory = await configDirectory('around');
  await symlink(join(root, 'data'), join(directory, 'data'));
  expect(read(directory)).toEqual(['restante.yaml 1']);
});

it('refuses what it would otherwise have to leave out', async () => {
  const nowhere = await configDirectory('nowhere');
  await symlink(join(root, 'missing'), join(nowhere, 'dead.pem'));
  expect(() => read(nowhere)).toThrow('the link "dead.pem" leads nowhere');
  const circle = await configDirectory('circle');
  await symlink(circle, join(circle, 'again'));
  expect(() => read(circle)).toThrow('levels deep');
});
