import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Account } from '../account.ts';
import type { Accounts } from '../accounts.ts';
import { everyFlag, flagBits } from '../flags.ts';
import { DiskFullError, OverQuotaError } from '../store-errors.ts';
import { deliver, inbox, message, openTestStore } from '../store-fixture.ts';

async function subjects(account: Account): Promise<string[]> {
  return account.read(async (reader) => {
    const mailbox = (await reader.mailboxes.named('Inbox'))!;
    const rows = await reader.messages.rendered(mailbox.id, 'all');
    return rows.map(({ envelope }) => /"(m\d+)"/.exec(envelope)![1]!);
  });
}

async function transfer(accounts: Accounts, source: Account, target: Account, moves: boolean, kept = everyFlag) {
  const from = await inbox(source);
  const to = await inbox(target);
  const uids = await source.read((reader) => reader.uids.all(from.id));
  const pairs: { sourceUid: number; uid: number }[] = [];
  const steps = accounts.transferMessages({
    source,
    mailboxId: from.id,
    uids,
    target,
    targetMailboxId: to.id,
    moves,
    kept,
  });
  for await (const copied of steps) pairs.push(...copied.pairs);
  return pairs;
}

async function rows(account: Account) {
  return account.read(async (reader) => reader.messages.rendered((await reader.mailboxes.named('Inbox'))!.id, 'all'));
}

describe('messages of another account', () => {
  it('are copied with bytes, flags and date', async () => {
    const { accounts } = await openTestStore();
    await using source = await accounts.open('source');
    await using target = await accounts.open('target');
    const flags = { bits: flagBits['\\Seen'] | flagBits['\\Flagged'], keywords: ['green'] };
    await deliver(accounts, source, message('a'), { flags, receivedAt: 1_000, prefix: Buffer.from('X-Added: 1\r\n') });
    await deliver(accounts, source, message('b'), { receivedAt: 2_000 });
    expect(await transfer(accounts, source, target, false)).toEqual([
      { sourceUid: 1, uid: 1 },
      { sourceUid: 2, uid: 2 },
    ]);
    const [from, to] = [await rows(source), await rows(target)];
    for (const [index, row] of to.entries()) {
      const { flagBits: bits, keywords, receivedAt, sizeBytes, envelope } = from[index]!;
      expect(row).toMatchObject({ flagBits: bits, keywords, receivedAt, sizeBytes, envelope });
      expect(await target.contents.read(row)).toEqual(await source.contents.read(from[index]!));
    }
    await transfer(accounts, source, target, false, { bits: flagBits['\\Seen'], keywords: false });
    expect((await rows(target))[2]).toMatchObject({ flagBits: flagBits['\\Seen'], keywords: [], receivedAt: 1_000 });
  });

  it('are moved in steps, many at a time', async () => {
    const { accounts } = await openTestStore();
    await using source = await accounts.open('source');
    await using target = await accounts.open('target');
    for (let number = 0; number < 110; number++) await deliver(accounts, source, message(`m${number}`));
    const before = (await rows(source)).map(({ envelope }) => envelope);
    expect(await transfer(accounts, source, target, true)).toHaveLength(110);
    expect(await inbox(source)).toMatchObject({ messages: 0, uidNext: 111 });
    expect((await rows(target)).map(({ envelope }) => envelope)).toEqual(before);
  });

  it('are not copied in part when there is no room for all', async () => {
    const { accounts } = await openTestStore();
    await using source = await accounts.open('source');
    await using target = await accounts.open('target');
    for (let number = 0; number < 104; number++) await deliver(accounts, source, message(`m${number}`));
    const { sizeBytes } = await inbox(source);
    await target.setQuota(Math.floor(sizeBytes * 0.98));
    await expect(transfer(accounts, source, target, false)).rejects.toThrow(OverQuotaError);
    expect((await inbox(target)).messages).toBe(0);
    expect((await inbox(source)).messages).toBe(104);
  });
});

describe('a move between accounts', () => {
  /** The account, whose first expunges fail. */
  function failing(account: Account, times: number): Account {
    const expunge = vi.spyOn(account.sharing, 'expungeMoved');
    for (let i = 0; i < times; i++) expunge.mockRejectedValueOnce(new DiskFullError('write', 'x', undefined));
    return account;
  }

  it('tries again when messages cannot be expunged, and else leaves them in both, for people to see', async () => {
    const { accounts, dataDirectory, close } = await openTestStore();
    {
      await using source = await accounts.open('left');
      await using target = await accounts.open('right');
      await deliver(accounts, source, message('m0'));
      expect(await transfer(accounts, failing(source, 1), target, true)).toHaveLength(1);
      expect([await subjects(source), await subjects(target)]).toEqual([[], ['m0']]);
      await expect(transfer(accounts, failing(target, 2), source, true)).rejects.toThrow(DiskFullError);
      expect([await subjects(source), await subjects(target)]).toEqual([['m0'], ['m0']]);
    }
    await close();
    const after = await openTestStore(dataDirectory);
    for (const name of ['left', 'right']) {
      await using account = await after.accounts.open(name);
      expect(await subjects(account), name).toEqual(['m0']);
    }
  });

  it('is over when it has failed: the next start takes nothing away, whether or not the messages have arrived', async () => {
    const { accounts, dataDirectory, close } = await openTestStore();
    {
      await using source = await accounts.open('left');
      await using target = await accounts.open('right');
      await deliver(accounts, source, message('m0'));
      await target.setQuota(1);
      await expect(transfer(accounts, source, target, true)).rejects.toThrow(OverQuotaError);
      await target.setQuota(undefined);
      // As when the worker that has committed dies before it says so.
      const add = target.messages.addAll.bind(target.messages);
      vi.spyOn(target.messages, 'addAll').mockImplementationOnce(async (...given) => {
        await add(...given);
        throw new DiskFullError('write', 'x', undefined);
      });
      await expect(transfer(accounts, source, target, true)).rejects.toThrow(DiskFullError);
      expect([await subjects(source), await subjects(target)]).toEqual([['m0'], ['m0']]);
      await target.messages.expunge((await inbox(target)).id, 'all', 'all');
    }
    await close();
    const { default: SqliteDatabase } = await import('better-sqlite3');
    const sharing = new SqliteDatabase(join(dataDirectory, 'sharing.db'), { readonly: true });
    expect(sharing.prepare('SELECT * FROM moves').all()).toEqual([]);
    sharing.close();
    const after = await openTestStore(dataDirectory);
    await using account = await after.accounts.open('left');
    expect(await subjects(account)).toEqual(['m0']);
  });

  it('takes back what somebody else has moved at the same moment', async () => {
    const { accounts } = await openTestStore();
    await using source = await accounts.open('left');
    await using target = await accounts.open('right');
    const names = Array.from({ length: 12 }, (_, number) => `m${number}`);
    for (const name of names) await deliver(accounts, source, message(name));
    const moved = await Promise.all([
      transfer(accounts, source, target, true),
      transfer(accounts, source, target, true),
      transfer(accounts, source, target, true),
    ]);
    expect(await subjects(source)).toEqual([]);
    expect((await subjects(target)).sort()).toEqual(names.toSorted());
    const told = moved.flat().map(({ uid }) => uid);
    expect(told.sort((a, b) => a - b)).toEqual((await rows(target)).map(({ uid }) => uid));
  });

  it.each([
    ['before', 'addAll', 'left'],
    ['after', 'addAll', 'right'],
    ['before', 'expungeMoved', 'right'],
    ['after', 'expungeMoved', 'right'],
    ['after', 'forgetMove', 'right'],
  ])(
    'loses nothing and doubles nothing when the process is killed %s %s',
    { timeout: 60_000 },
    async (when, change, where) => {
      const store = await openTestStore();
      const { dataDirectory } = store;
      {
        await using source = await store.accounts.open('left');
        await using _target = await store.accounts.open('right');
        for (let number = 0; number < 3; number++) await deliver(store.accounts, source, message(`m${number}`));
      }
      await store.close();
      const child = fork(new URL('./move-until-killed.ts', import.meta.url), [dataDirectory, when, change]);
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
      const after = await openTestStore(dataDirectory);
      for (const name of ['left', 'right']) {
        await using account = await after.accounts.open(name);
        expect(await subjects(account), name).toEqual(name === where ? ['m0', 'm1', 'm2'] : []);
      }
    },
  );
});
