import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { removeTree } from './remove-tree.ts';

it('removes all that is in a directory, and nothing that links point to', async () => {
  const root = await mkdtemp(join(tmpdir(), 'restante-remove-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const tree = join(root, 'tree');
  await mkdir(join(tree, 'a', 'b'), { recursive: true });
  await mkdir(join(root, 'outside'));
  await writeFile(join(root, 'outside', 'kept'), '');
  for (let number = 0; number < 100; number++) await writeFile(join(tree, 'a', `${number}`), '');
  await symlink(join(root, 'outside'), join(tree, 'directory'));
  await symlink(join(root, 'outside', 'kept'), join(tree, 'a', 'b', 'file'));
  await symlink(join(root, 'nowhere'), join(tree, 'broken'));
  await removeTree(tree);
  expect(existsSync(tree)).toBe(false);
  expect(existsSync(join(root, 'outside', 'kept'))).toBe(true);
});

it('removes a link that stands in its place, and not what that points to', async () => {
  const root = await mkdtemp(join(tmpdir(), 'restante-remove-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(join(root, 'outside'));
  await writeFile(join(root, 'outside', 'kept'), '');
  await symlink(join(root, 'outside'), join(root, 'tree'));
  await removeTree(join(root, 'tree'));
  expect(await readdir(root)).toEqual(['outside']);
  expect(existsSync(join(root, 'outside', 'kept'))).toBe(true);
});

it('takes for done what another removes meanwhile, and says what else fails', async () => {
  const root = await mkdtemp(join(tmpdir(), 'restante-remove-'));
  for (let number = 0; number < 200; number++) await writeFile(join(root, `${number}`), '');
  await Promise.all([removeTree(root), removeTree(root)]);
  await removeTree(root);
  const file = join(tmpdir(), `restante-remove-${process.pid}`);
  await writeFile(file, '');
  onTestFinished(() => rm(file));
  await expect(removeTree(file)).rejects.toMatchObject({ code: 'ENOTDIR' });
});
