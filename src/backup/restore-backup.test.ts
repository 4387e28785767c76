import { mkdir, readdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ledgerKind } from '../database/contract-fixture/operations.ts';
import { createTestEngine } from '../database/sqlite/test-engine-fixture.ts';
import { type BackupFixture, createBackupFixture, readText } from './backup-fixture.ts';
import { type RestoreOptions, restoreBackup } from './restore-backup.ts';

function restore(fixture: BackupFixture, backup: string, changes: Partial<RestoreOptions> = {}) {
  return restoreBackup({
    backup,
    dataDirectory: join(fixture.root, 'new', 'data'),
    configDirectory: join(fixture.root, 'new', 'config'),
    parts: fixture.parts,
    createEngine: () => createTestEngine(),
    adaptConfig: async () => {},
    allowIncomplete: false,
    signal: new AbortController().signal,
    onFinding: () => {},
    now: Date.now,
    ...changes,
  });
}

it('restores a backup to an empty place as files of its own, from which an engine runs', async () => {
  await using fixture = await createBackupFixture();
  for (let number = 0; number < 30; number++) await fixture.addEntry(`entry-${number}`);
  const { path } = await fixture.backUp('one');
  await mkdir(join(fixture.root, 'new', 'data'), { recursive: true });
  const result = await restore(fixture, path);
  expect(result.files).toBe(34);
  expect((await readdir(join(fixture.root, 'new'))).sort()).toEqual(['config', 'data']);
  const restored = join(fixture.root, 'new', 'data');
  expect((await stat(join(restored, 'msg', 'entry-3'))).ino).not.toBe(
    (await stat(join(path, 'data', 'msg', 'entry-3'))).ino,
  );
  expect(await readText(fixture.root, 'new', 'config', 'keys', 'dkim.pem')).toBe('secret');
  await using engine = createTestEngine();
  await using database = await engine.open(ledgerKind, join(restored, 'ledger.db'));
  const count = await database.read((reader) => reader.first('SELECT count(*) AS count FROM entries'));
  expect(count).toEqual({ count: 30 });
});

it('refuses a target that is not empty, and a damaged backup unless told otherwise, and leaves nothing', async () => {
  await using fixture = await createBackupFixture();
  await fixture.addEntry('kept');
  await fixture.addEntry('lost');
  const { path } = await fixture.backUp('one');
  await expect(restore(fixture, path, { dataDirectory: fixture.dataDirectory })).rejects.toThrow('it is not empty');
  await expect(restore(fixture, path, { dataDirectory: join(path, 'again', 'data') })).rejects.toThrow(
    'inside the backup',
  );
  await unlink(join(path, 'data', 'msg', 'lost'));
  await expect(restore(fixture, path)).rejects.toThrow('1 error was found in it');
  expect(await readdir(fixture.root)).not.toContain('new');
  await writeFile(join(path, 'data', 'msg', 'stray'), '');
  await restore(fixture, path, { allowIncomplete: true });
  expect(await readdir(join(fixture.root, 'new', 'data', 'msg'))).toEqual(['kept']);
});

it('removes a configuration that an earlier restore left alone, and no other', async () => {
  await using fixture = await createBackupFixture();
  await fixture.addEntry('kept');
  const { path } = await fixture.backUp('one');
  const left = join(fixture.root, 'left');
  await mkdir(join(left, 'config', 'keys'), { recursive: true });
  await mkdir(join(left, 'config.restoring'));
  await writeFile(join(left, 'config', 'old'), '');
  const target = { dataDirectory: join(left, 'data'), configDirectory: join(left, 'config') };
  await expect(restore(fixture, path, target)).rejects.toThrow('config": it is not empty');
  await mkdir(join(left, 'data.restoring'));
  await expect(restore(fixture, path, target)).rejects.toThrow('config": it is not empty');
  await writeFile(join(left, 'config', '.restoring'), '');
  await expect(restore(fixture, path, { ...target, dryRun: true })).resolves.toMatchObject({ files: 5 });
  expect(await readdir(join(left, 'config'))).toContain('old');
  await restore(fixture, path, target);
  expect((await readdir(left)).sort()).toEqual(['config', 'data']);
  const config = await readdir(join(left, 'config'));
  expect(config).toEqual(await readdir(join(path, 'config')));
  await expect(restore(fixture, path, target)).rejects.toThrow('it is not empty');
});

it('restores damaged messages too when it may, and leaves out what cannot be read', async () => {
  await using fixture = await createBackupFixture();
  for (const text of ['kept', 'damaged', 'unreadable']) await fixture.addEntry(text);
  const { path } = await fixture.backUp('one', { messageFiles: 'copy' });
  const messages = join(path, 'data', 'msg');
  await unlink(join(messages, 'damaged'));
  await writeFile(join(messages, 'damaged'), 'dAmaged');
  await unlink(join(messages, 'unreadable'));
  await mkdir(join(messages, 'unreadable'));
  await expect(restore(fixture, path)).rejects.toThrow('2 errors were found in it');
  await restore(fixture, path, { allowIncomplete: true });
  const restored = join(fixture.root, 'new', 'data', 'msg');
  expect((await readdir(restored)).sort()).toEqual(['damaged', 'kept']);
  expect(await readText(restored, 'damaged')).toBe('dAmaged');
});

it('counts each damaged file, however many are copied at once', async () => {
  await using fixture = await createBackupFixture();
  await Promise.all(Array.from({ length: 2500 }, (_, number) => fixture.addEntry(`entry-${number}`)));
  const { path } = await fixture.backUp('one', { messageFiles: 'copy' });
  // The first batch ends before the others, which find nothing and must not forget what it found.
  await unlink(join(path, 'data', 'msg', 'entry-1'));
  await expect(restore(fixture, path)).rejects.toThrow('1 error was found in it');
});
