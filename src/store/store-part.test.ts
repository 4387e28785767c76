import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkFilesHere } from '../database/check-files-here.ts';
import type { CapturedMessage } from '../database/durable-part.ts';
import type { Account } from './account.ts';
import { AccountBusyError, AccountNameError, AccountNotFoundError } from './store-errors.ts';
import { deliver, inbox, message, openTestStore } from './store-fixture.ts';
import { createStorePart } from './store-part.ts';

const { signal } = new AbortController();

describe('the part of the store in a backup', () => {
  it('captures what there was at the instant, while mail comes and goes, and verifies', async () => {
    const { accounts, engine, dataDirectory } = await openTestStore();
    await using account = await accounts.open('me');
    for (const name of ['a', 'b', 'c']) await deliver(accounts, account, message(name));
    const { id } = await inbox(account);
    await account.messages.expunge(id, [1], 'all');
    const part = createStorePart();
    const backup = join(dataDirectory, 'backup');
    const captured: (CapturedMessage | { path: string })[] = [];
    {
      await using snapshot = await engine.snapshot(() => part.captureAtInstant(dataDirectory));
      await account.messages.expunge(id, [2], 'all');
      await deliver(accounts, account, message('d'));
      await using other = await accounts.open('you');
      await deliver(accounts, other, message('e'));
      await expect(accounts.remove('you')).rejects.toThrow(AccountBusyError);
      for await (const file of part.capture(snapshot, dataDirectory)) {
        if (file.kind === 'counts') continue;
        for (const { path } of file.kind === 'messages' ? file.files : [file]) {
          const target = join(backup, path);
          await mkdir(dirname(target), { recursive: true });
          if (file.kind === 'database') await snapshot.copy(join(dataDirectory, path), target, { signal });
          else await writeFile(target, await readFile(join(dataDirectory, path)));
          expect(part.owns(path)).toBe(true);
        }
        captured.push(...(file.kind === 'messages' ? file.files : [file]));
      }
    }
    expect(captured.map(({ path }) => path)).toEqual([
      'accounts/me/index.db',
      'accounts/me/msg/0/2',
      'accounts/me/msg/0/3',
    ]);
    const file = captured[1] as CapturedMessage;
    const bytes = await readFile(join(dataDirectory, file.path));
    expect(file).toMatchObject({ account: 'me', sizeBytes: bytes.length });
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
    expect(
      await Array.fromAsync(part.verify(backup, { signal, checkFiles: checkFilesHere(backup), parse: 'all' })),
    ).toEqual([]);
    expect(part.owns('accounts/me/junkfilter.db')).toBe(false);
    expect(part.owns('accounts/../x/index.db')).toBe(false);
  });

  it('passes over the numbers of all accounts though the database of one is damaged', async () => {
    const first = await openTestStore();
    for (const name of ['a', 'b']) await (await first.accounts.open(name))[Symbol.asyncDispose]();
    await first.close();
    await writeFile(
      join(first.dataDirectory, 'accounts/a/index.db'),
      'no database, but long enough to be taken for one',
    );
    const second = await openTestStore(first.dataDirectory);
    const findings = await createStorePart().afterRestore?.(second.engine, first.dataDirectory, {
      instant: 0,
      now: 1_000_000,
      restores: 0,
    });
    expect(findings).toMatchObject([{ severity: 'error', message: expect.stringContaining('Account "a" is lost') }]);
    await using account = await second.accounts.open('b');
    expect(await account.read((reader) => reader.modseq())).toBeGreaterThan(1_000_000_000);
  });

  it('passes over, after a restore, all numbers that clients may have seen', async () => {
    const first = await openTestStore();
    let account = await first.accounts.open('me');
    await deliver(first.accounts, account, message('a'));
    const before = await inbox(account);
    const idsBefore = await objectIds(account, before.id);
    await account[Symbol.asyncDispose]();
    await first.close();
    const second = await openTestStore(first.dataDirectory);
    await createStorePart().afterRestore?.(second.engine, first.dataDirectory, {
      instant: 0,
      now: 1_000_000,
      restores: 0,
    });
    account = await second.accounts.open('me');
    const after = await inbox(account);
    expect(after.uidValidity).toBe(before.uidValidity);
    expect(after.uidNext).toBeGreaterThan(before.uidNext + 100_000);
    expect(after.modseq).toBeGreaterThan(before.modseq + 1_000_000);
    expect(await account.read((reader) => reader.changes.knownSince())).toBe(after.modseq);
    const changes = await account.read((reader) => reader.changes.since(before.id, before.modseq));
    expect(changes.map(({ uid }) => uid)).toEqual([1]);
    const made = await account.mailboxes.create('New');
    expect(made.uidValidity).toBeGreaterThan(before.uidValidity);
    expect(after.objectId).toBe(before.objectId);
    expect(await objectIds(account, before.id)).toEqual(idsBefore);
    const { contentId } = await deliver(second.accounts, account, message('b'));
    expect(contentId).toBeGreaterThan(1_000_000_000);
    // As if the mailbox had been made between the backup and the loss, with the same number.
    expect(Number(made.objectId.split('-')[2])).toBeGreaterThan(1_000_000_000);
    expect(await objectIds(account, before.id)).toHaveLength(2);
    await account[Symbol.asyncDispose]();
  });
});

async function objectIds(account: Account, mailboxId: number): Promise<string[]> {
  const columns = ['emailObjectId', 'threadObjectId'] as const;
  const rows = await account.read((reader) =>
    reader.messages.rendered(mailboxId, 'all', undefined, undefined, { columns }),
  );
  return rows.map(({ emailObjectId, threadObjectId }) => `${emailObjectId} ${threadObjectId}`);
}

describe('accounts', () => {
  it('are removed with all they hold, unless somebody has them open', async () => {
    const { accounts, dataDirectory } = await openTestStore();
    const account = await accounts.open('me');
    await deliver(accounts, account, message('a'));
    const { uidValidity } = await inbox(account);
    await expect(accounts.remove('me')).rejects.toThrow(AccountBusyError);
    await account[Symbol.asyncDispose]();
    await account[Symbol.asyncDispose]();
    await accounts.remove('me');
    expect(await accounts.list()).toEqual([]);
    await expect(readFile(join(dataDirectory, 'accounts/me/index.db'))).rejects.toThrow();
    await expect(accounts.remove('me')).rejects.toThrow(AccountNotFoundError);
    await using again = await accounts.open('me');
    expect(await inbox(again)).toMatchObject({ messages: 0 });
    expect((await inbox(again)).uidValidity).toBeGreaterThan(uidValidity);
  });

  it('have names that are no paths', async () => {
    const { accounts } = await openTestStore();
    for (const name of ['', '.', '..', '../x', 'a/b', 'A', 'x'.repeat(65), 'a\0']) {
      await expect(accounts.open(name)).rejects.toThrow(AccountNameError);
      expect(await accounts.exists(name)).toBe(false);
    }
  });

  it('take a message file that exists elsewhere', async () => {
    const { accounts, dataDirectory } = await openTestStore();
    const path = join(dataDirectory, 'queued');
    await writeFile(path, message('queued').replaceAll('\n', '\r\n'));
    await using account = await accounts.open('me');
    {
      await using file = await accounts.adopt(path);
      await account.messages.add({ mailbox: 'Inbox', file });
    }
    const [row] = await account.read(async (reader) =>
      reader.messages.rendered((await reader.mailboxes.named('Inbox'))!.id, 'all'),
    );
    expect(account.contents.readSync(row!).equals(await readFile(path))).toBe(true);
  });
});
