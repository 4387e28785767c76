import { chmod, cp, link, mkdir, readdir, rename, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkFilesHere } from '../database/check-files-here.ts';
import type { Finding } from '../database/durable-part.ts';
import type { Account } from './account.ts';
import { removeTemporaryFiles } from './remove-temporary-files.ts';
import { InconsistentAccountError, MessageFileError } from './store-errors.ts';
import { deliver, inbox, message, openTestStore, type TestStore } from './store-fixture.ts';
import { createStorePart } from './store-part.ts';

async function verify(directory: string): Promise<Finding[]> {
  const { signal } = new AbortController();
  return await Array.fromAsync(createStorePart().verify(directory, { signal, checkFiles: checkFilesHere(directory) }));
}

async function filesOf(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, 'accounts/me/msg/0'));
  return names.sort((a, b) => Number(a) - Number(b));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((next) => setTimeout(next, 30));
}

/** @returns the data directory as a kill would have left it after `prepare`, with what `change` does to it */
async function crashAfter(
  prepare: (store: TestStore, account: Account) => Promise<void>,
  change: (directory: string) => Promise<void> = async () => {},
): Promise<string> {
  const store = await openTestStore();
  const { dataDirectory } = store;
  const account = await store.accounts.open('me');
  await prepare(store, account);
  await cp(dataDirectory, `${dataDirectory}-crashed`, { recursive: true });
  await account[Symbol.asyncDispose]();
  await store.close();
  await rm(dataDirectory, { recursive: true, force: true });
  await rename(`${dataDirectory}-crashed`, dataDirectory);
  await change(dataDirectory);
  return dataDirectory;
}

describe('after a crash', () => {
  it('a file without row is removed, and ids of rows are not given again', async () => {
    const directory = await crashAfter(
      async ({ accounts }, account) => {
        for (const name of ['a', 'b']) await deliver(accounts, account, message(name));
      },
      async (crashed) => {
        await writeFile(join(crashed, 'accounts/me/msg/0/3'), 'linked, and no row yet');
        await writeFile(join(crashed, 'tmp/something'), 'half a mess');
      },
    );
    const findings = await verify(directory);
    expect(findings.map(({ severity, code, path }) => [severity, code, path])).toEqual([
      ['note', 'message-file-left', 'accounts/me/msg/0/3'],
    ]);
    await removeTemporaryFiles(directory, () => false);
    expect(await readdir(join(directory, 'tmp'))).toEqual([]);
    const { accounts, close } = await openTestStore(directory);
    await using account = await accounts.open('me');
    expect(await filesOf(directory)).toEqual(['1', '2']);
    const added = await deliver(accounts, account, message('c'));
    expect(added.contentId).toBeGreaterThan(2);
    await account[Symbol.asyncDispose]();
    await close();
    expect(await verify(directory)).toEqual([]);
  });

  it('files of expunged messages are removed, whether or not that had begun', async () => {
    const directory = await crashAfter(async ({ accounts, dataDirectory }, account) => {
      for (const name of ['a', 'b', 'c']) await deliver(accounts, account, message(name));
      await account.messages.expunge((await inbox(account)).id, [1, 2], 'all');
      await unlink(join(dataDirectory, 'accounts/me/msg/0/1'));
    });
    expect(await verify(directory)).toEqual([]);
    const { accounts } = await openTestStore(directory);
    await using account = await accounts.open('me');
    await until(async () => (await filesOf(directory)).length === 1);
    expect(await filesOf(directory)).toEqual(['3']);
    expect((await inbox(account)).messages).toBe(1);
  });

  it('an account that was being made is made', async () => {
    const directory = await crashAfter(
      async () => {},
      async (crashed) => {
        await mkdir(join(crashed, 'accounts/you'));
        await writeFile(join(crashed, 'accounts/you/index.db'), '');
      },
    );
    expect((await verify(directory)).filter(({ severity }) => severity === 'error')).toEqual([]);
    const { accounts } = await openTestStore(directory);
    await using account = await accounts.open('you');
    expect((await inbox(account)).name).toBe('Inbox');
  });
});

describe('erasing', () => {
  it('waits for sessions that have not been told, and for snapshots', async () => {
    const { accounts, engine, dataDirectory } = await openTestStore();
    await using account = await accounts.open('me');
    for (const name of ['a', 'b']) await deliver(accounts, account, message(name));
    const { id, modseq } = await inbox(account);
    using hold = account.holdExpunged(modseq);
    const expunged = await account.messages.expunge(id, [1], 'all');
    const [row] = await account.read((reader) => reader.messages.rendered(id, [1], 1, 1, { includeExpunged: true }));
    await new Promise((next) => setTimeout(next, 1300));
    expect(account.contents.readSync(row!).toString()).toContain('Hello');
    {
      await using snapshot = await engine.snapshot();
      void snapshot;
      hold.advance(expunged.modseq);
      await new Promise((next) => setTimeout(next, 1300));
      expect(await filesOf(dataDirectory)).toEqual(['1', '2']);
    }
    await account.messages.expunge(id, [2], 'all');
    hold.advance(Number.MAX_SAFE_INTEGER);
    await until(async () => (await filesOf(dataDirectory)).length === 0);
  }, 20_000);
});

describe('verifying', () => {
  it('finds what is lost or wrong with files', async () => {
    const store = await openTestStore();
    const { dataDirectory } = store;
    const account = await store.accounts.open('me');
    for (const name of ['a', 'b', 'c', 'd']) await deliver(store.accounts, account, message(name));
    await account[Symbol.asyncDispose]();
    await store.close();
    expect(await verify(dataDirectory)).toEqual([]);
    const path = (id: number) => join(dataDirectory, `accounts/me/msg/0/${id}`);
    const { size } = await stat(path(2));
    await unlink(path(1));
    await chmod(path(2), 0o600);
    await writeFile(path(2), 'x'.repeat(size));
    await chmod(path(3), 0o600);
    await truncate(path(3), 5);
    await link(path(4), path(9));
    await writeFile(join(dataDirectory, 'accounts/me/msg/0/notes'), 'mine');
    const findings = await verify(dataDirectory);
    expect(findings.map(({ severity, code, path }) => `${severity} ${code} ${path}`).sort()).toEqual([
      'error file-unknown accounts/me/msg/0/notes',
      'error message-file-differs accounts/me/msg/0/2',
      'error message-file-differs accounts/me/msg/0/3',
      'error message-file-missing accounts/me/msg/0/1',
      'error message-file-unreferenced accounts/me/msg/0/9',
    ]);
    const again = await openTestStore(dataDirectory);
    const opened = await again.accounts.open('me');
    const { id } = await inbox(opened);
    const rows = await opened.read((reader) => reader.messages.rendered(id, 'all'));
    expect(() => opened.contents.readSync(rows[0]!)).toThrow(MessageFileError);
    expect(() => opened.contents.readSync(rows[2]!)).toThrow(MessageFileError);
    await expect(opened.contents.read(rows[2]!)).rejects.toThrow(MessageFileError);
    await expect(Array.fromAsync(opened.contents.stream(rows[2]!, 0, 3))).rejects.toThrow(MessageFileError);
    await opened[Symbol.asyncDispose]();
    await expect(again.close()).rejects.toThrow(InconsistentAccountError);
  });
});
