import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { flagBits } from './flags.ts';
import {
  MailboxExistsError,
  MailboxHasChildrenError,
  MailboxNameError,
  MailboxNotFoundError,
  MessageTooLargeError,
  OverQuotaError,
} from './store-errors.ts';
import { deliver, inbox, message, openTestStore } from './store-fixture.ts';

describe('an account', () => {
  it('begins with its default mailboxes, subscribed', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    const mailboxes = await account.read((reader) => reader.mailboxes.all());
    expect(mailboxes.map(({ name, specialUse, subscribed }) => [name, specialUse, subscribed])).toEqual([
      ['Archive', ['\\Archive'], true],
      ['Drafts', ['\\Drafts'], true],
      ['Inbox', [], true],
      ['Junk', ['\\Junk'], true],
      ['Sent', ['\\Sent'], true],
      ['Trash', ['\\Trash'], true],
    ]);
    expect(await accounts.list()).toEqual(['me']);
    expect(await accounts.exists('you')).toBe(false);
  });

  it('adds a message, and gives back its bytes with the prefix', async () => {
    const { accounts, dataDirectory } = await openTestStore();
    await using account = await accounts.open('me');
    const added = await deliver(accounts, account, message('one'), {
      prefix: Buffer.from('Delivered-To: me\r\n'),
      flags: { bits: flagBits['\\Seen'], keywords: ['Work'] },
      receivedAt: 5000,
    });
    expect(added).toMatchObject({ mailboxName: 'Inbox', uid: 1, contentId: 1 });
    const [row] = await account.read((reader) => reader.messages.rendered(added.mailboxId, 'all'));
    expect(row).toMatchObject({ uid: 1, flagBits: 1, keywords: ['Work'], receivedAt: 5000, modseq: added.modseq });
    expect(row!.envelope).toContain('"one"');
    const text = `Delivered-To: me\r\n${message('one').replaceAll('\n', '\r\n')}`;
    expect(account.contents.readSync(row!).toString()).toBe(text);
    expect((await account.contents.read(row!)).toString()).toBe(text);
    expect(row!.sizeBytes).toBe(text.length);
    let streamed = '';
    for await (const chunk of account.contents.stream(row!, 5, 30)) streamed += (chunk as Buffer).toString();
    expect(streamed).toBe(text.slice(5, 30));
    const structure = await account.read((reader) => reader.messages.structure(row!.contentId));
    expect(text.slice(structure.root.bodyStart, structure.root.bodyEnd)).toBe('Hello\r\n');
    const file = await stat(join(dataDirectory, 'accounts/me/msg/0/1'));
    expect(file.mode & 0o777).toBe(0o400);
    expect(await readdir(join(dataDirectory, 'tmp'))).toEqual([]);
    expect(await inbox(account)).toMatchObject({ messages: 1, unseen: 0, sizeBytes: text.length, uidNext: 2 });
  });

  it('takes a large message as it comes, with the same result', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    const body = 'All work and no play makes Jack a dull boy.\n'.repeat(20_000);
    const added = await deliver(accounts, account, message('large') + body);
    const [row] = await account.read((reader) => reader.messages.rendered(added.mailboxId, [added.uid]));
    const text = (message('large') + body).replaceAll('\n', '\r\n');
    expect((await account.contents.read(row!)).equals(Buffer.from(text))).toBe(true);
  });

  it('refuses a message beyond the limit, and leaves no file', async () => {
    const { accounts, dataDirectory } = await openTestStore();
    await using intake = await accounts.startMessage({ limitBytes: 100_000 });
    await intake.write(Buffer.alloc(90_000));
    await expect(intake.write(Buffer.alloc(10_001))).rejects.toThrow(MessageTooLargeError);
    await intake[Symbol.asyncDispose]();
    expect(await readdir(join(dataDirectory, 'tmp'))).toEqual([]);
  });

  it('adds all of several messages or none', async () => {
    const { accounts, dataDirectory } = await openTestStore();
    await using account = await accounts.open('me');
    await using intake = await accounts.startMessage();
    await intake.write(Buffer.from(message('x')));
    await using file = await intake.finish();
    await expect(
      account.messages.addAll([
        { mailbox: 'Inbox', file },
        { mailbox: 'Nowhere', createMissing: false, file },
      ]),
    ).rejects.toThrow(MailboxNotFoundError);
    expect((await inbox(account)).messages).toBe(0);
    expect(await readdir(join(dataDirectory, 'accounts/me/msg/0'))).toEqual([]);
    const added = await account.messages.addAll([
      { mailbox: 'Inbox', file },
      { mailbox: 'Lists/Work', file },
    ]);
    expect(added.map(({ mailboxName, uid }) => [mailboxName, uid])).toEqual([
      ['Inbox', 1],
      ['Lists/Work', 1],
    ]);
    expect(added[0]!.modseq).toBe(added[1]!.modseq);
  });

  it('shares one file among accounts', async () => {
    const { accounts, dataDirectory } = await openTestStore();
    await using me = await accounts.open('me');
    await using you = await accounts.open('you');
    await using intake = await accounts.startMessage();
    await intake.write(Buffer.from(message('shared')));
    {
      await using file = await intake.finish();
      await me.messages.add({ mailbox: 'Inbox', file });
      await you.messages.add({ mailbox: 'Inbox', file });
    }
    const [mine, yours] = await Promise.all(
      ['me', 'you'].map((name) => stat(join(dataDirectory, 'accounts', name, 'msg/0/1'))),
    );
    expect(mine!.ino).toBe(yours!.ino);
    expect(mine!.nlink).toBe(2);
  });

  it('stores, copies, moves and expunges', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    for (const name of ['a', 'b', 'c', 'd']) await deliver(accounts, account, message(name));
    const { id } = await inbox(account);
    const archive = (await account.read((reader) => reader.mailboxes.named('Archive')))!;

    const stored = await account.messages.storeFlags(id, [2, 3, 9], {
      mode: 'add',
      flags: { bits: flagBits['\\Deleted'], keywords: ['Todo'] },
    });
    expect(stored.changed.map(({ uid, flagBits, keywords }) => [uid, flagBits, keywords])).toEqual([
      [2, 8, ['Todo']],
      [3, 8, ['Todo']],
    ]);
    expect((await inbox(account)).keywords).toEqual(['Todo']);
    const again = await account.messages.storeFlags(id, 'all', {
      mode: 'add',
      flags: { bits: 8, keywords: ['TODO'] },
    });
    expect(again.changed.map(({ modseq }) => modseq)).toEqual(
      [9, 8, 8, 9].map((n) => n - 8 + stored.changed[0]!.modseq),
    );
    const conditional = await account.messages.storeFlags(
      id,
      'all',
      { mode: 'remove', flags: { bits: 8, keywords: ['todo'] } },
      { unchangedSince: stored.changed[0]!.modseq },
    );
    expect(conditional.modified).toEqual([1, 4]);
    expect(conditional.changed.map(({ uid, flagBits, keywords }) => [uid, flagBits, keywords])).toEqual([
      [2, 0, []],
      [3, 0, []],
    ]);

    const copied = await account.messages.copy(id, [1, 4], archive.id);
    expect(copied).toEqual({
      uidValidity: archive.uidValidity,
      pairs: [
        { sourceUid: 1, uid: 1 },
        { sourceUid: 4, uid: 2 },
      ],
      modseq: conditional.modseq! + 1,
    });
    const before = await account.read((reader) => reader.modseq());
    const moved = await account.messages.move(id, [2, 3], archive.id);
    expect(moved.pairs.map(({ uid }) => uid)).toEqual([3, 4]);
    expect(moved.modseq).toBe(before + 1);
    const expunged = await account.messages.expunge(id, 'all', 'deleted');
    expect(expunged.uids).toEqual([1, 4]);
    expect(await inbox(account)).toMatchObject({ messages: 0, unseen: 0, deleted: 0, sizeBytes: 0, uidNext: 5 });
    const changes = await account.read((reader) => reader.changes.since(id, before));
    expect(changes.map(({ uid, expunged }) => [uid, expunged])).toEqual([1, 2, 3, 4].map((uid) => [uid, true]));
    const rows = await account.read((reader) => reader.messages.rows(archive.id, 'all'));
    expect(rows.map(({ contentId, keywords, flagBits }) => [contentId, keywords, flagBits])).toEqual([
      [1, ['Todo'], 8],
      [4, ['Todo'], 8],
      [2, [], 0],
      [3, [], 0],
    ]);
    expect((await account.read((reader) => reader.quota())).messages).toBe(4);
  });

  it('tells which mailboxes have changed, and when', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    const lists = await account.mailboxes.create('Lists');
    await account.mailboxes.create('Gone');
    const changedSince = async (modseq: number): Promise<unknown[]> =>
      (await account.read((reader) => reader.mailboxes.changedSince(modseq)))
        .map(({ name, expunged }) => [name, expunged])
        .sort();
    const before = await account.read((reader) => reader.modseq());
    expect(await changedSince(before)).toEqual([]);
    const { modseq, mailboxId } = await deliver(accounts, account, message('one'));
    await account.mailboxes.rename('Lists', 'News');
    await account.mailboxes.delete('Gone');
    expect(await changedSince(before)).toEqual([
      ['Gone', true],
      ['Inbox', false],
      ['News', false],
    ]);
    expect(await changedSince(modseq)).toEqual([
      ['Gone', true],
      ['News', false],
    ]);
    const changed = (id: number, after: number, until: number): Promise<boolean> =>
      account.read((reader) => reader.changes.existBetween(id, after, until));
    expect(await changed(mailboxId, before, modseq + 1)).toBe(true);
    expect(await changed(mailboxId, before, modseq)).toBe(false);
    expect(await changed(mailboxId, modseq, Number.MAX_SAFE_INTEGER)).toBe(false);
    expect(await changed(lists.id, 0, Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  it('moves within one mailbox', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    for (const name of ['a', 'b']) await deliver(accounts, account, message(name));
    const { id } = await inbox(account);
    expect((await account.messages.move(id, 'all', id)).pairs.map(({ uid }) => uid)).toEqual([3, 4]);
    expect(await account.read((reader) => reader.uids.all(id))).toEqual(Uint32Array.of(3, 4));
  });

  it('keeps to its quota, also when copying', async () => {
    const { accounts, dataDirectory } = await openTestStore();
    await using account = await accounts.open('me');
    await deliver(accounts, account, message('first'));
    const { usedBytes } = await account.read((reader) => reader.quota());
    await account.setQuota(usedBytes * 2);
    const { id } = await inbox(account);
    await account.messages.copy(id, 'all', id);
    await expect(deliver(accounts, account, message('more'))).rejects.toThrow(OverQuotaError);
    await expect(account.messages.copy(id, [1], id)).rejects.toThrow(OverQuotaError);
    expect(await account.read((reader) => reader.quota())).toEqual({
      usedBytes: usedBytes * 2,
      limitBytes: usedBytes * 2,
      messages: 2,
      limitMessages: undefined,
    });
    expect(await readdir(join(dataDirectory, 'accounts/me/msg/0'))).toEqual(['1']);
  });

  it('keeps to its number of messages, also when copying; moving needs no room', async () => {
    const { accounts, dataDirectory } = await openTestStore(undefined, { quotaOf: () => ({ messages: 2 }) });
    await using account = await accounts.open('me');
    await deliver(accounts, account, message('first'));
    const { id } = await inbox(account);
    await account.messages.copy(id, 'all', id);
    await expect(deliver(accounts, account, message('more'))).rejects.toThrow(
      new OverQuotaError(2, 1, 2, 'messages').message,
    );
    await expect(account.messages.copy(id, [1], id)).rejects.toThrow(OverQuotaError);
    await account.messages.move(id, 'all', id);
    expect(await account.read((reader) => reader.quota())).toMatchObject({ messages: 2, limitMessages: 2 });
    expect(await readdir(join(dataDirectory, 'accounts/me/msg/0'))).toEqual(['1']);
  });

  it('tells of changes', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    await using other = await accounts.open('me');
    let told = 0;
    const stop = other.onChange(() => told++);
    await deliver(accounts, account, message('a'));
    await new Promise(setImmediate);
    expect(told).toBeGreaterThan(0);
    const before = told;
    stop();
    await deliver(accounts, account, message('b'));
    await new Promise(setImmediate);
    expect(told).toBe(before);
  });

  it('reads selections dense and sparse, within bounds, and expunged messages when asked', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    for (let i = 1; i <= 12; i++) await deliver(accounts, account, message(`m${i}`));
    const { id } = await inbox(account);
    await account.messages.expunge(id, [5], 'all');
    const uids = async (...args: [uids: number[] | Uint32Array | 'all', from?: number, to?: number, x?: boolean]) =>
      (
        await account.read((reader) =>
          reader.messages.rendered(id, args[0], args[1], args[2], { includeExpunged: args[3] ?? false }),
        )
      ).map(({ uid }) => uid);
    expect(await uids('all')).toEqual([1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12]);
    expect(await uids('all', 4, 6)).toEqual([4, 6]);
    expect(await uids([4, 5, 6])).toEqual([4, 6]);
    expect(await uids([4, 5, 6], 1, 99, true)).toEqual([4, 5, 6]);
    expect(await uids([1, 12])).toEqual([1, 12]);
    expect(await uids(Uint32Array.of(1, 2, 4, 5, 7), 2, 7)).toEqual([2, 4, 7]);
    expect(await uids([1, 12], 2, 11)).toEqual([]);
  });

  it('reads which messages there are, their flags, and how both changed', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    const { id } = await account.mailboxes.create('Many');
    const read = async () => {
      const flags = await account.read((reader) => reader.uids.withFlagBits(id));
      expect(await account.read((reader) => reader.uids.all(id))).toEqual(flags.uids);
      return { uids: [...flags.uids], flagBits: [...flags.flagBits] };
    };
    expect(await read()).toEqual({ uids: [], flagBits: [] });
    for (let at = 1; at <= 12; at++) await deliver(accounts, account, message(`m${at}`), { mailbox: id });
    await account.messages.storeFlags(id, [2, 11], { mode: 'add', flags: { bits: 5, keywords: [] } });
    const before = await account.read((reader) => reader.modseq());
    expect(await read()).toEqual({
      uids: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
      flagBits: [0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0],
    });
    await account.messages.expunge(id, [1, 2, 3, 5, 6, 7, 8, 9, 10], 'all');
    await account.messages.storeFlags(id, [4], { mode: 'add', flags: { bits: 8, keywords: [] } });
    expect(await read()).toEqual({ uids: [4, 11, 12], flagBits: [8, 5, 0] });
    const changes = await account.read((reader) => reader.changes.flagsSince(id, before, 10));
    expect(changes?.map(({ uid, flagBits, expunged }) => [uid, flagBits, expunged])).toEqual([
      ...[1, 2, 3].map((uid) => [uid, uid === 2 ? 5 : 0, true]),
      [4, 8, false],
      ...[5, 6, 7, 8, 9, 10].map((uid) => [uid, 0, true]),
    ]);
    expect(await account.read((reader) => reader.changes.flagsSince(id, before, 9))).toBeUndefined();
  });
});

describe('mailboxes', () => {
  it('are made with those above them, and deleted when none is below', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    const made = await account.mailboxes.create('Lists/Work/Big');
    expect(made).toMatchObject({ name: 'Lists/Work/Big', messages: 0, uidNext: 1 });
    await expect(account.mailboxes.create('lists')).resolves.toMatchObject({ name: 'lists' });
    await expect(account.mailboxes.create('INBOX')).rejects.toThrow(MailboxExistsError);
    for (const name of ['', '/a', 'a/', 'a//b', 'a\n', 'x'.repeat(1001), Array(26).fill('a').join('/')]) {
      await expect(account.mailboxes.create(name)).rejects.toThrow(MailboxNameError);
    }
    await expect(account.mailboxes.delete('Lists')).rejects.toThrow(MailboxHasChildrenError);
    await account.mailboxes.delete('Lists/Work/Big');
    const again = await account.mailboxes.create('Lists/Work/Big');
    expect(again.uidValidity).toBeGreaterThan(made.uidValidity);
    expect(again.id).not.toBe(made.id);
  });

  it('are renamed with all below them, and never show a lower UIDVALIDITY under one name', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    const a = await account.mailboxes.create('A/B');
    const c = await account.mailboxes.create('C');
    await account.mailboxes.setSubscribed('A/B', true);
    await account.mailboxes.rename('C', 'D');
    await account.mailboxes.rename('A', 'X/C');
    const names = (await account.read((reader) => reader.mailboxes.all())).map(({ name }) => name);
    expect(names).toEqual(['Archive', 'D', 'Drafts', 'Inbox', 'Junk', 'Sent', 'Trash', 'X', 'X/C', 'X/C/B']);
    expect(await account.read((reader) => reader.mailboxes.named('X/C/B'))).toMatchObject({
      id: a.id,
      uidValidity: a.uidValidity,
      subscribed: true,
    });
    await account.mailboxes.rename('X/C/B', 'C');
    const renamed = await account.read((reader) => reader.mailboxes.named('C'));
    expect(renamed!.uidValidity).toBeGreaterThan(c.uidValidity);
  });

  it('keep Inbox: renaming it moves the messages', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    await deliver(accounts, account, message('a'));
    await account.mailboxes.rename('inbox', 'Old');
    expect(await inbox(account)).toMatchObject({ messages: 0 });
    expect(await account.read((reader) => reader.mailboxes.named('Old'))).toMatchObject({ messages: 1 });
  });

  it('hold annotations and subscriptions', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    const { id } = await inbox(account);
    await account.annotations.set(id, [{ key: '/private/comment', value: Buffer.from('mine') }]);
    await account.annotations.set(undefined, [{ key: '/shared/admin', value: Buffer.from('x') }]);
    await account.mailboxes.setSubscribed('Gone', true);
    const read = await account.read(async (reader) => ({
      own: await reader.annotations.of(id),
      all: await reader.annotations.of(undefined),
      names: await reader.mailboxes.subscriptions(),
    }));
    expect(read.own.map(({ key, value }) => [key, Buffer.from(value).toString()])).toEqual([
      ['/private/comment', 'mine'],
    ]);
    expect(read.all).toHaveLength(1);
    expect(read.names).toContain('Gone');
    await account.annotations.set(id, [{ key: '/private/comment', value: undefined }]);
    expect(await account.read((reader) => reader.annotations.of(id))).toEqual([]);
  });
});
