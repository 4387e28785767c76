import { chmod, link, mkdir, readdir, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DurablePart, Finding } from '../database/durable-part.ts';
import { type BackupFixture, createBackupFixture, readText } from './backup-fixture.ts';
import type { ProgressReport } from './backup-progress.ts';
import { readManifest } from './manifest.ts';
import { verifyBackup } from './verify-backup.ts';

async function findings(fixture: BackupFixture, directory: string): Promise<string[]> {
  const found: Finding[] = [];
  const { signal } = new AbortController();
  await verifyBackup(directory, { parts: fixture.parts, signal, onFinding: (finding) => found.push(finding) });
  return found.map(({ code, path }) => `${code} ${path ?? ''}`.trim());
}

describe('a backup', () => {
  it('holds databases, linked messages, keys and configuration, and verifies', async () => {
    await using fixture = await createBackupFixture();
    for (let number = 0; number < 40; number++) await fixture.addEntry(`entry-${number}`);
    const result = await fixture.backUp('one');
    expect(result).toMatchObject({ complete: true, linked: 40, copied: 0, files: 44, errors: [], warnings: [] });
    expect(result).toMatchObject({ accounts: 1, unrecognised: 0, errorCount: 0, warningCount: 0 });
    const lines = await Array.fromAsync(readManifest(result.path, join(result.path, 'manifest.jsonl')));
    expect(lines[0]).toMatchObject({
      head: { format: 2, node: process.version, sqlite: expect.stringMatching(/^3\./) },
    });
    expect(lines.find((line) => 'counts' in line)).toEqual({
      counts: { counts: 'a', messages: 40, bytes: 310, mailboxes: [{ mailbox: 'Inbox', messages: 40, bytes: 310 }] },
    });
    expect(lines).toContainEqual({ file: expect.objectContaining({ kind: 'database', schemaVersion: 2 }) });
    expect((await readdir(join(fixture.root, 'one'))).sort()).toEqual(['config', 'data', 'manifest.jsonl']);
    expect(await readText(fixture.root, 'one', 'config', 'keys', 'dkim.pem')).toBe('secret');
    const live = await stat(join(fixture.dataDirectory, 'msg', 'entry-7'));
    expect((await stat(join(fixture.root, 'one', 'data', 'msg', 'entry-7'))).ino).toBe(live.ino);
    expect(await findings(fixture, join(fixture.root, 'one'))).toEqual([]);
  });

  it('is independent of the live files with copy', async () => {
    await using fixture = await createBackupFixture();
    await fixture.addEntry('entry');
    const result = await fixture.backUp('one', { messageFiles: 'copy' });
    expect(result).toMatchObject({ complete: true, linked: 0, copied: 1 });
    const copy = await stat(join(fixture.root, 'one', 'data', 'msg', 'entry'));
    expect(copy.ino).not.toBe((await stat(join(fixture.dataDirectory, 'msg', 'entry'))).ino);
    expect(copy.mode & 0o777).toBe(0o400);
    expect(await findings(fixture, join(fixture.root, 'one'))).toEqual([]);
  });

  it('is named incomplete, and says why, when a message file is missing or was changed', async () => {
    await using fixture = await createBackupFixture();
    await fixture.addEntry('kept');
    await fixture.addEntry('lost');
    await fixture.addEntry('changed');
    await unlink(join(fixture.dataDirectory, 'msg', 'lost'));
    await chmod(join(fixture.dataDirectory, 'msg', 'changed'), 0o600);
    await writeFile(join(fixture.dataDirectory, 'msg', 'changed'), 'CHANGED');
    const result = await fixture.backUp('one', { messageFiles: 'copy' });
    expect(result).toMatchObject({ complete: false, path: join(fixture.root, 'one.incomplete'), copied: 1 });
    expect(result.errors).toHaveLength(2);
    expect(await readdir(fixture.root)).not.toContain('one');
    expect(await findings(fixture, result.path)).toEqual([
      'entry-missing msg/lost',
      'entry-missing msg/changed',
      'backup-incomplete',
      'backup-incomplete',
    ]);
  });

  it('copies files it does not know with a warning, and leaves links and tmp alone', async () => {
    await using fixture = await createBackupFixture();
    await mkdir(join(fixture.dataDirectory, 'tmp'));
    await writeFile(join(fixture.dataDirectory, 'tmp', 'x'), 'x');
    await writeFile(join(fixture.dataDirectory, 'notes.txt'), 'mine');
    await symlink('/etc/passwd', join(fixture.dataDirectory, 'odd'));
    const result = await fixture.backUp('one');
    expect(result.complete).toBe(true);
    expect([...result.warnings].sort()).toEqual([
      'a file that Restante does not know is copied as it is; it should be moved away: notes.txt',
      'not backed up: it is a link, socket, pipe or device: odd',
    ]);
    expect((await readdir(join(fixture.root, 'one', 'data'))).sort()).toEqual(['a.key', 'ledger.db', 'notes.txt']);
  });

  it('leaves nothing when it is cancelled', async () => {
    await using fixture = await createBackupFixture();
    for (let number = 0; number < 600; number++) await fixture.addEntry(`entry-${number}`);
    const controller = new AbortController();
    const onProgress = ({ files }: { files: number }): void => {
      if (files >= 200) controller.abort(new Error('cancelled'));
    };
    await expect(fixture.backUp('one', { signal: controller.signal, onProgress })).rejects.toThrow('cancelled');
    expect((await readdir(fixture.root)).sort()).toEqual(['config', 'data']);
  });

  it('refuses destinations inside the data or configuration, existing, or without a parent', async () => {
    await using fixture = await createBackupFixture();
    await mkdir(join(fixture.root, 'full'));
    await mkdir(join(fixture.dataDirectory, 'tmp'));
    await writeFile(join(fixture.root, 'full', 'x'), '');
    for (const [name, reason] of [
      ['data/backup', 'it is inside the data directory'],
      ['data/tmp', 'it is inside the data directory'],
      ['config/backup', 'it is inside the configuration directory'],
      ['full', 'it exists and is not empty'],
      ['nowhere/one', "can't be opened (ENOENT)"],
    ] as const) {
      await expect(fixture.backUp(name), name).rejects.toThrow(reason);
    }
    await expect(fixture.backUp('', { destination: 'relative' })).rejects.toThrow('the path is not absolute');
  });

  it('may be made in the tmp of the data directory, from where it is taken elsewhere', async () => {
    await using fixture = await createBackupFixture();
    await mkdir(join(fixture.dataDirectory, 'tmp'));
    const first = await fixture.backUp('data/tmp/backup');
    expect(first).toMatchObject({ complete: true, warningCount: 0 });
    expect(await fixture.backUp('one')).toMatchObject({ complete: true, files: first.files, warningCount: 0 });
  });

  it('is refused where there is no room for it, before anything is written', async () => {
    await using fixture = await createBackupFixture();
    const huge: DurablePart = {
      ...fixture.parts[0]!,
      expect: async () => ({ messageFiles: 1, messageBytes: 2 ** 60, databaseBytes: 0 }),
    };
    const parts = [...fixture.parts, huge];
    await expect(fixture.backUp('one', { parts, messageFiles: 'copy' })).rejects.toThrow(
      'its file system is too small',
    );
    expect((await readdir(fixture.root)).sort()).toEqual(['config', 'data']);
  });

  it('tells how far it is, with totals', async () => {
    await using fixture = await createBackupFixture();
    for (let number = 0; number < 600; number++) await fixture.addEntry(`entry-${number}`);
    const told: ProgressReport[] = [];
    await fixture.backUp('one', { messageFiles: 'copy', onProgress: (progress) => told.push(progress) });
    const last = told.at(-1)!;
    expect(last.files).toBe(600);
    expect(last.totalFiles).toBe(600);
    expect(last.totalBytes).toBeGreaterThanOrEqual(last.bytes);
    expect(told.map(({ files }) => files)).toEqual(told.map(({ files }) => files).sort((a, b) => a - b));
  });

  it('keeps to a bandwidth', async () => {
    await using fixture = await createBackupFixture();
    for (let number = 0; number < 20; number++) await fixture.addEntry(`entry-${number}`.padEnd(250, '-'));
    const result = await fixture.backUp('one', { messageFiles: 'copy', bytesPerSecond: 5000 });
    // 5,000 bytes of messages, the first of which come at once.
    expect(result.durationMs).toBeGreaterThan(800);
  });

  it('is not disturbed by another to the same place, and does not disturb it', async () => {
    await using fixture = await createBackupFixture();
    await fixture.addEntry('entry');
    const both = await Promise.allSettled([fixture.backUp('one'), fixture.backUp('one')]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await findings(fixture, join(fixture.root, 'one'))).toEqual([]);
  });

  it('replaces what an interrupted backup left, but nothing else in the way', async () => {
    await using fixture = await createBackupFixture();
    await mkdir(join(fixture.root, 'one.incomplete', 'data'), { recursive: true });
    await mkdir(join(fixture.root, 'two.incomplete'));
    await writeFile(join(fixture.root, 'two.incomplete', 'photos'), '');
    expect((await fixture.backUp('one')).complete).toBe(true);
    expect(fixture.reports[0]).toContain('warning: removing an interrupted backup');
    await expect(fixture.backUp('two')).rejects.toThrow('is not an interrupted backup');
  });

  it('is one instant: entries added while it is taken are wholly in or wholly out', async () => {
    await using fixture = await createBackupFixture();
    for (let number = 0; number < 20; number++) await fixture.addEntry(`before-${number}`);
    let added = 0;
    let running = true;
    const writing = (async () => {
      while (running) await fixture.addEntry(`during-${added++}`);
    })();
    const result = await fixture.backUp('one');
    running = false;
    await writing;
    expect(result).toMatchObject({ complete: true });
    expect(await findings(fixture, join(fixture.root, 'one'))).toEqual([]);
    const messages = await readdir(join(fixture.root, 'one', 'data', 'msg'));
    expect(messages.length).toBe(result.linked);
    expect(messages.filter((name) => name.startsWith('before')).length).toBe(20);
  });
});

describe('verifying a backup', () => {
  it('names every kind of damage', async () => {
    await using fixture = await createBackupFixture();
    for (const text of ['flipped', 'shortened', 'deleted', 'fine']) await fixture.addEntry(text);
    await fixture.backUp('one', { messageFiles: 'copy' });
    const data = join(fixture.root, 'one', 'data');
    await writeFile(join(data, 'msg', 'flipped'), 'flippeD');
    await writeFile(join(data, 'msg', 'shortened'), 'short');
    await unlink(join(data, 'msg', 'deleted'));
    await link(join(data, 'msg', 'fine'), join(data, 'msg', 'added'));
    await writeFile(join(data, 'a.key'), 'yek');
    expect((await findings(fixture, join(fixture.root, 'one'))).sort()).toEqual([
      'entry-missing msg/deleted',
      'entry-sha256 msg/flipped',
      'entry-size msg/shortened',
      'file-unlisted data/msg/added',
      'sha256-differs data/a.key',
    ]);
  });

  it('refuses a manifest that was changed, cut short or leads out of the backup', async () => {
    await using fixture = await createBackupFixture();
    await fixture.addEntry('entry');
    const { path } = await fixture.backUp('one');
    const manifest = join(path, 'manifest.jsonl');
    const text = await readText(manifest);
    const read = async (changed: string): Promise<void> => {
      await writeFile(manifest, changed);
      for await (const _ of readManifest(path, manifest));
    };
    await read(text);
    await expect(read(text.replace('"kind":"message"', '"kind":"content"'))).rejects.toThrow('its SHA-256 differs');
    await expect(read(text.slice(0, text.trimEnd().lastIndexOf('\n') + 1))).rejects.toThrow('ends early');
    await expect(read(text.slice(0, -20))).rejects.toThrow('ends early, within a line');
    await expect(read(text.replace('"linked":1', '"linked":2'))).rejects.toThrow('its SHA-256 differs');
    await expect(read(text.replace(/,"sha256":"[^"]*"\}\n$/, '}\n'))).rejects.toThrow('does not end with its SHA-256');
    await expect(read(text.replace('data/msg/entry', 'data/../../x'))).rejects.toThrow("can't be read");
    await expect(read(`${text}{}\n`)).rejects.toThrow('goes on after its last line');
    await writeFile(join(fixture.root, 'elsewhere'), text);
    await unlink(manifest);
    await symlink(join(fixture.root, 'elsewhere'), manifest);
    await expect(findings(fixture, path)).rejects.toThrow('its manifest.jsonl is a link');
    await unlink(manifest);
    await expect(findings(fixture, path)).rejects.toThrow('the backup was not completed');
  });
});
