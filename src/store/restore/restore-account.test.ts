import { chmod, readFile, unlink, writeFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import type { Account } from '../account.ts';
import { flagBits, flagNames } from '../flags.ts';
import type { Mailbox } from '../mailboxes/mailbox.ts';
import { deliver, message, openTestStore, type TestStore } from '../store-fixture.ts';
import { NothingChosenError } from './restore-errors.ts';
import { backUpAccount, restoreTo } from './restore-fixture.ts';
import type { MessageSelection } from './select-messages.ts';

/** Subjects and flags of a mailbox, in UID order. */
async function contentOf(account: Account, name: string): Promise<string[]> {
  return await account.read(async (reader) => {
    const mailbox = await reader.mailboxes.named(name);
    if (mailbox === undefined) return ['no mailbox'];
    const rows = await reader.messages.rendered(mailbox.id, 'all');
    return rows.map(({ envelope, flagBits: bits, keywords, uid }) => {
      const [, subject] = /^\("[^"]*" "([^"]*)"/.exec(envelope) ?? [];
      return [uid, subject, ...flagNames(bits), ...keywords].join(' ');
    });
  });
}

async function idOf(account: Account, name: string): Promise<number> {
  return (await account.read((reader) => reader.mailboxes.named(name)))!.id;
}

/** Inbox: One, Two (seen, flagged, a keyword), Three. */
async function startedAccount(): Promise<{ store: TestStore; account: Account }> {
  const store = await openTestStore();
  const account = await store.accounts.open('anna');
  await deliver(store.accounts, account, message('One'));
  const bits = flagBits['\\Seen'] | flagBits['\\Flagged'];
  await deliver(store.accounts, account, message('Two'), {
    flags: { bits, keywords: ['Work'] },
    receivedAt: 1_600_000_000_000,
  });
  await deliver(store.accounts, account, message('Three'));
  return { store, account };
}

async function mailboxNames(account: Account): Promise<string[]> {
  return (await account.read((reader) => reader.mailboxes.all())).map(({ name }) => name);
}

describe('a merge', () => {
  it('brings back what is missing, with flags, keywords and date, and leaves the rest as it is', async () => {
    const { store, account } = await startedAccount();
    const backup = await backUpAccount(store, 'anna');
    const inbox = await idOf(account, 'Inbox');
    await account.messages.expunge(inbox, [2], 'all');
    await account.messages.storeFlags(inbox, [1], { mode: 'add', flags: { bits: flagBits['\\Seen'], keywords: [] } });
    await deliver(store.accounts, account, message('Newer'));
    const summary = await restoreTo(store, account, backup);
    expect(summary).toMatchObject({ restored: 1, alreadyThere: 2, changed: 0, moved: 0, removed: 0, skipped: 0 });
    expect(await contentOf(account, 'Inbox')).toEqual([
      '1 One \\Seen',
      '3 Three',
      '4 Newer',
      '5 Two \\Seen \\Flagged Work',
    ]);
    const [row] = await account.read((reader) => reader.messages.rows(inbox, [5]));
    expect(row!.receivedAt).toBe(1_600_000_000_000);
    expect(await restoreTo(store, account, backup)).toMatchObject({ restored: 0, alreadyThere: 3, changed: 0 });
    expect(await contentOf(account, 'Inbox')).toHaveLength(4);
    await store.close();
  });

  it('leaves what was filed elsewhere there, and brings back what was thrown away or is marked deleted', async () => {
    const { store, account } = await startedAccount();
    const backup = await backUpAccount(store, 'anna');
    const inbox = await idOf(account, 'Inbox');
    await account.messages.move(inbox, [1], await idOf(account, 'Archive'));
    await account.messages.move(inbox, [2], await idOf(account, 'Trash'));
    await account.messages.storeFlags(inbox, [3], {
      mode: 'add',
      flags: { bits: flagBits['\\Deleted'], keywords: [] },
    });
    expect(await restoreTo(store, account, backup)).toMatchObject({
      restored: 1,
      fromTrash: 1,
      alreadyThere: 1,
      changed: 1,
    });
    expect(await contentOf(account, 'Inbox')).toEqual(['3 Three', '4 Two \\Seen \\Flagged Work']);
    expect(await contentOf(account, 'Archive')).toEqual(['1 One']);
    expect(await contentOf(account, 'Trash')).toEqual([]);
    await store.close();
  });

  it('counts copies: as many as there were come back, and no more', async () => {
    const { store, account } = await startedAccount();
    const [inbox, archive] = [await idOf(account, 'Inbox'), await idOf(account, 'Archive')];
    await account.messages.copy(inbox, [1], archive);
    await account.messages.copy(inbox, [1], inbox);
    const backup = await backUpAccount(store, 'anna');
    await account.messages.expunge(inbox, [1, 4], 'all');
    // Of three, one is left in Archive, and stands for the one that was there.
    expect(await restoreTo(store, account, backup)).toMatchObject({ restored: 2, alreadyThere: 3 });
    expect(await contentOf(account, 'Inbox')).toEqual(['2 Two \\Seen \\Flagged Work', '3 Three', '5 One', '6 One']);
    expect(await contentOf(account, 'Archive')).toEqual(['1 One']);
    expect(await restoreTo(store, account, backup)).toMatchObject({ restored: 0, alreadyThere: 5 });
    await store.close();
  });

  it('knows a message that came back by other means by Message-ID, date and subject', async () => {
    const { store, account } = await startedAccount();
    const backup = await backUpAccount(store, 'anna');
    const inbox = await idOf(account, 'Inbox');
    await account.messages.expunge(inbox, [1, 2], 'all');
    await deliver(store.accounts, account, message('One', 'X-Reimported: yes\n'), { mailbox: 'Archive' });
    // The same Message-ID and another subject: something else.
    const other = message('Two').replace('Subject: Two', 'Subject: Other');
    await deliver(store.accounts, account, other, { mailbox: 'Archive' });
    expect(await restoreTo(store, account, backup)).toMatchObject({ restored: 1, alreadyThere: 2 });
    expect(await contentOf(account, 'Inbox')).toEqual(['3 Three', '4 Two \\Seen \\Flagged Work']);
    await store.close();
  });

  it('brings a deleted mailbox back with its UIDVALIDITY, and its UIDs go on', async () => {
    const { store, account } = await startedAccount();
    const made = await account.mailboxes.create('Lists/Work', { specialUse: ['\\All'] });
    await account.mailboxes.setSubscribed('Lists/Work', true);
    await account.annotations.set(made.id, [{ key: '/private/comment', value: Buffer.from('of mine') }]);
    await deliver(store.accounts, account, message('Post'), { mailbox: 'Lists/Work' });
    const backup = await backUpAccount(store, 'anna');
    await account.mailboxes.delete('Lists/Work');
    await account.mailboxes.delete('Lists');
    await account.mailboxes.setSubscribed('Lists/Work', false);
    const summary = await restoreTo(store, account, backup);
    expect(summary).toMatchObject({ restored: 1, alreadyThere: 3 });
    expect(summary.mailboxes).toContainEqual(expect.objectContaining({ mailbox: 'Lists/Work', outcome: 'revived' }));
    const again = await account.read((reader) => reader.mailboxes.named('Lists/Work'));
    const { id, uidValidity } = made;
    expect(again).toMatchObject({ id, uidValidity, uidNext: 3, specialUse: ['\\All'], subscribed: true });
    expect(await contentOf(account, 'Lists/Work')).toEqual(['2 Post']);
    expect(await account.read((reader) => reader.annotations.of(id))).toEqual([
      { key: '/private/comment', value: Buffer.from('of mine') },
    ]);
    await store.close();
  });

  it('of a name that was used again since, the later mailbox comes back: UIDVALIDITY only ascends', async () => {
    const { store, account } = await startedAccount();
    await account.mailboxes.create('Lists');
    await deliver(store.accounts, account, message('Post'), { mailbox: 'Lists' });
    const backup = await backUpAccount(store, 'anna');
    await account.mailboxes.delete('Lists');
    const later = await account.mailboxes.create('Lists');
    await deliver(store.accounts, account, message('Seen by clients'), { mailbox: 'Lists' });
    await account.mailboxes.delete('Lists');
    await restoreTo(store, account, backup);
    const { uidValidity, id } = later;
    expect(await account.read((reader) => reader.mailboxes.named('Lists'))).toMatchObject({
      id,
      uidValidity,
      uidNext: 3,
    });
    expect(await contentOf(account, 'Lists')).toEqual(['2 Post']);
    await store.close();
  });

  it('restores to a mailbox that was renamed under its new name, unless it was thrown away', async () => {
    const { store, account } = await startedAccount();
    await account.mailboxes.create('Lists/Work');
    await account.mailboxes.create('Old');
    await deliver(store.accounts, account, message('Post'), { mailbox: 'Lists/Work' });
    await deliver(store.accounts, account, message('Old post'), { mailbox: 'Old' });
    const backup = await backUpAccount(store, 'anna');
    await account.mailboxes.rename('Lists', 'Groups');
    await account.messages.expunge(await idOf(account, 'Groups/Work'), 'all', 'all');
    await account.mailboxes.rename('Old', 'Trash/Old');
    expect(await restoreTo(store, account, backup)).toMatchObject({ restored: 2, fromTrash: 1, alreadyThere: 3 });
    expect(await contentOf(account, 'Groups/Work')).toEqual(['2 Post']);
    expect(await contentOf(account, 'Old')).toEqual(['1 Old post']);
    expect(await mailboxNames(account)).not.toContain('Lists');
    await store.close();
  });

  it('does not add what has come into the mailbox since it was looked at', async () => {
    const { store, account } = await startedAccount();
    const backup = await backUpAccount(store, 'anna');
    const inbox = await idOf(account, 'Inbox');
    await account.messages.expunge(inbox, [1, 2], 'all');
    let came = false;
    const slow = {
      startMessage: async () => {
        if (!came) await deliver(store.accounts, account, message('Two'));
        came = true;
        return await store.accounts.startMessage();
      },
    };
    expect(await restoreTo(store, account, backup, { accounts: slow })).toMatchObject({ restored: 1, alreadyThere: 2 });
    expect(await contentOf(account, 'Inbox')).toEqual(['3 Three', '4 Two', '5 One']);
    await store.close();
  });

  it('keeps what the server knew of a message and parsing does not tell', async () => {
    const store = await openTestStore();
    const account = await store.accounts.open('anna');
    const reception = {
      remoteAddress: '192.0.2.7',
      mailFrom: 'Bob@sender.example',
      rcptTo: 'anna@here',
      requireTls: true,
    };
    await deliver(store.accounts, account, message('One'), { reception, prefix: Buffer.from('Received: x\r\n') });
    const backup = await backUpAccount(store, 'anna');
    const inbox = await idOf(account, 'Inbox');
    const before = await account.read((reader) => reader.stored.contents(inbox, [1]));
    await account.messages.expunge(inbox, [1], 'all');
    await restoreTo(store, account, backup);
    const after = await account.read((reader) => reader.stored.contents(inbox, [2]));
    const { uid: _, contentId: _id, ...kept } = before[0]!;
    expect(after[0]).toMatchObject(kept);
    expect(kept.kept).toContain('sender.example');
    await store.close();
  });
});

describe('what is chosen', () => {
  it('is told by mailbox, UID, Message-ID, date and text', async () => {
    const { store, account } = await startedAccount();
    await account.mailboxes.create('Lists');
    const text = message('Kaese').replace('Hello', 'The word is Needle.');
    await deliver(store.accounts, account, text, { mailbox: 'Lists', receivedAt: Date.UTC(2020, 0, 2) });
    const backup = await backUpAccount(store, 'anna');
    await account.messages.expunge(await idOf(account, 'Inbox'), 'all', 'all');
    await account.mailboxes.delete('Lists');
    const dry = async (selection: MessageSelection): Promise<number> =>
      (await restoreTo(store, account, backup, { dryRun: true, selection })).restored;
    expect(await dry({})).toBe(4);
    expect(await dry({ mailbox: 'Lists' })).toBe(1);
    expect(await dry({ mailbox: 'inbox', uids: [[2, 9]] })).toBe(2);
    expect(await dry({ messageIds: ['One@x', 'Three@x', 'None@x'] })).toBe(2);
    expect(await dry({ since: Date.UTC(2020, 0, 2), before: Date.UTC(2020, 0, 3) })).toBe(1);
    expect(await dry({ search: 'NEEDLE' })).toBe(1);
    expect(await dry({ search: 'kaese' })).toBe(1);
    await expect(dry({ search: 'nowhere' })).rejects.toBeInstanceOf(NothingChosenError);
    await expect(dry({ mailbox: 'Lists', uids: [[2, 3]] })).rejects.toThrow('nothing in the backup matches');
    await expect(dry({ mailbox: 'Missing' })).rejects.toMatchObject({
      code: 'mailbox-not-in-backup',
      hint: expect.stringContaining('"Inbox"'),
    });
    expect(await mailboxNames(account)).not.toContain('Lists');
    expect(await restoreTo(store, account, backup, { selection: { search: 'needle' } })).toMatchObject({ restored: 1 });
    expect(await contentOf(account, 'Lists')).toEqual(['2 Kaese']);
    expect(await contentOf(account, 'Inbox')).toEqual([]);
    await store.close();
  });

  it('goes into one mailbox when asked to, each message once', async () => {
    const { store, account } = await startedAccount();
    await account.messages.copy(await idOf(account, 'Inbox'), [1], await idOf(account, 'Archive'));
    const backup = await backUpAccount(store, 'anna');
    expect(await restoreTo(store, account, backup, { into: 'Old/Mail' })).toMatchObject({
      restored: 3,
      alreadyThere: 1,
    });
    expect(await contentOf(account, 'Old/Mail')).toEqual(['1 One', '2 Two \\Seen \\Flagged Work', '3 Three']);
    expect(await restoreTo(store, account, backup, { into: 'Old/Mail' })).toMatchObject({
      restored: 0,
      alreadyThere: 4,
    });
    expect(await contentOf(account, 'Inbox')).toHaveLength(3);
    await store.close();
  });

  it('goes into another account, whose user has taught the junk filter nothing of it', async () => {
    const { store, account } = await startedAccount();
    const backup = await backUpAccount(store, 'anna');
    await using other = await store.accounts.open('bert');
    await deliver(store.accounts, other, message('Three'));
    expect(await restoreTo(store, other, backup)).toMatchObject({ restored: 2, alreadyThere: 1 });
    expect(await contentOf(other, 'Inbox')).toEqual(['1 Three', '2 One', '3 Two \\Seen \\Flagged Work']);
    expect(await contentOf(account, 'Inbox')).toHaveLength(3);
    await store.close();
  });
});

describe('what can not be restored', () => {
  it('is named and counted: damage, and what the quota has no room for; a dry run says the same', async () => {
    let quota: number | undefined;
    const store = await openTestStore(undefined, { quotaOf: () => ({ bytes: quota }) });
    const account = await store.accounts.open('anna');
    for (const subject of ['One', 'Two', 'Three', 'Four', 'Five']) {
      await deliver(store.accounts, account, message(subject, subject === 'Three' ? `X: ${'y'.repeat(500)}\n` : ''));
    }
    const backup = await backUpAccount(store, 'anna');
    const inbox = await idOf(account, 'Inbox');
    const { usedBytes } = await account.read((reader) => reader.quota());
    await account.messages.expunge(inbox, 'all', 'all');
    await unlink(backup.filePath(1));
    const two = await readFile(backup.filePath(2));
    await chmod(backup.filePath(2), 0o600);
    await writeFile(backup.filePath(2), two.fill(88, 20, 21));
    quota = usedBytes - 600;
    const expected = {
      selected: 5,
      restored: 2,
      skipped: 3,
      skippedBy: { damaged: 2, 'over-quota': 1 },
      skippedMessages: [
        { reason: 'over-quota', mailbox: 'Inbox', uid: 3, subject: 'Three' },
        { reason: 'damaged', mailbox: 'Inbox', uid: 1, subject: 'One' },
        { reason: 'damaged', mailbox: 'Inbox', uid: 2, subject: 'Two' },
      ],
    };
    expect(await restoreTo(store, account, backup, { dryRun: true })).toMatchObject(expected);
    expect(await contentOf(account, 'Inbox')).toEqual([]);
    expect(await restoreTo(store, account, backup)).toMatchObject(expected);
    expect(await contentOf(account, 'Inbox')).toEqual(['6 Four', '7 Five']);
    quota = undefined;
    expect(await restoreTo(store, account, backup)).toMatchObject({ restored: 1, alreadyThere: 2, skipped: 2 });
    await store.close();
  });

  it('ends between two batches when it is interrupted, and goes on when it is started again', async () => {
    const store = await openTestStore();
    const account = await store.accounts.open('anna');
    for (let at = 0; at < 120; at++) await deliver(store.accounts, account, message(`Number ${at}`));
    const backup = await backUpAccount(store, 'anna');
    await account.messages.expunge(await idOf(account, 'Inbox'), 'all', 'all');
    const abort = new AbortController();
    const interrupted = restoreTo(store, account, backup, {
      signal: abort.signal,
      onProgress: ({ step }) => {
        if (step === 'restore') abort.abort(new Error('Ctrl-C'));
      },
    });
    await expect(interrupted).rejects.toThrow('Ctrl-C');
    expect(await contentOf(account, 'Inbox')).toHaveLength(50);
    expect(await restoreTo(store, account, backup)).toMatchObject({ restored: 70, alreadyThere: 50 });
    await store.close();
  });
});

describe('a mirror', () => {
  it('makes mailboxes, messages, flags, subscriptions, uses and annotations as they were, and keeps UIDs', async () => {
    const { store, account } = await startedAccount();
    await account.mailboxes.create('Lists/Work');
    await account.annotations.set(undefined, [{ key: '/private/x', value: Buffer.from('mine') }]);
    await deliver(store.accounts, account, message('Post'), { mailbox: 'Lists/Work' });
    const backup = await backUpAccount(store, 'anna');
    const before = await account.read((reader) => reader.mailboxes.all());
    const inbox = await idOf(account, 'Inbox');

    await account.messages.storeFlags(inbox, [1], {
      mode: 'replace',
      flags: { bits: flagBits['\\Seen'], keywords: ['New'] },
    });
    await account.messages.move(inbox, [2], await idOf(account, 'Archive'));
    await account.messages.expunge(inbox, [3], 'all');
    await deliver(store.accounts, account, message('Newer'));
    await account.mailboxes.rename('Lists', 'Groups');
    await account.mailboxes.create('Later/Below');
    await deliver(store.accounts, account, message('Newer too'), { mailbox: 'Later/Below' });
    await account.mailboxes.setSpecialUse('Later', ['\\Trash']);
    await account.mailboxes.create('Starred', { specialUse: ['\\Flagged'] });
    await account.mailboxes.setSubscribed('Later', true);
    await account.mailboxes.setSubscribed('Archive', false);
    await account.annotations.set(undefined, [{ key: '/private/x', value: Buffer.from('changed') }]);
    await account.annotations.set(undefined, [{ key: '/private/y', value: Buffer.from('new') }]);

    const options = { mode: 'mirror' } as const;
    const dry = await restoreTo(store, account, backup, { ...options, dryRun: true });
    const done = await restoreTo(store, account, backup, options);
    expect(done).toMatchObject({ selected: 4, restored: 1, alreadyThere: 1, changed: 1, moved: 1, removed: 2 });
    expect(dry).toEqual(done);
    expect(Object.fromEntries(done.mailboxes.map(({ mailbox, outcome }) => [mailbox, outcome]))).toMatchObject({
      Lists: 'renamed',
      'Lists/Work': 'renamed',
      Later: 'deleted',
      'Later/Below': 'deleted',
    });
    expect(await contentOf(account, 'Inbox')).toEqual(['1 One', '5 Three', '6 Two \\Seen \\Flagged Work']);
    expect(await contentOf(account, 'Lists/Work')).toEqual(['1 Post']);
    const after = await account.read((reader) => reader.mailboxes.all());
    const essence = (mailboxes: readonly Mailbox[]): unknown[] =>
      mailboxes.map(({ id, name, uidValidity, specialUse, subscribed, messages, unseen }) => {
        return { id, name, uidValidity, specialUse, subscribed, messages, unseen };
      });
    // A special use that there was not then is somebody's choice since.
    expect(essence(after.filter(({ name }) => name !== 'Starred'))).toEqual(essence(before));
    expect(await account.read((reader) => reader.annotations.of(undefined))).toEqual([
      { key: '/private/x', value: Buffer.from('mine') },
    ]);
    expect(await restoreTo(store, account, backup, options)).toMatchObject({
      restored: 0,
      alreadyThere: 4,
      changed: 0,
      moved: 0,
      removed: 0,
    });
    await store.close();
  });

  it('of one mailbox leaves the others as they are, but gives back what was theirs', async () => {
    const { store, account } = await startedAccount();
    const [inbox, archive] = [await idOf(account, 'Inbox'), await idOf(account, 'Archive')];
    await deliver(store.accounts, account, message('Filed'), { mailbox: 'Archive' });
    const backup = await backUpAccount(store, 'anna');
    await account.messages.move(inbox, [2], archive);
    await account.messages.storeFlags(archive, [2], { mode: 'replace', flags: { bits: 0, keywords: [] } });
    await account.messages.move(archive, [1], inbox);
    await deliver(store.accounts, account, message('Newer'));
    await deliver(store.accounts, account, message('Newer too'), { mailbox: 'Archive' });
    const options = { mode: 'mirror', selection: { mailbox: 'Inbox' } } as const;
    const dry = await restoreTo(store, account, backup, { ...options, dryRun: true });
    const done = await restoreTo(store, account, backup, options);
    expect(done).toMatchObject({ restored: 1, alreadyThere: 2, moved: 1, removed: 1 });
    expect(dry).toEqual(done);
    expect(await contentOf(account, 'Inbox')).toEqual(['1 One', '3 Three', '6 Two \\Seen \\Flagged Work']);
    expect(await contentOf(account, 'Archive')).toEqual(['2 Two', '3 Newer too', '4 Filed']);
    expect(await restoreTo(store, account, backup, options)).toMatchObject({ restored: 0, moved: 0, removed: 0 });
    await store.close();
  });

  it('goes on when somebody else deletes first what it is about to delete', async () => {
    const { store, account } = await startedAccount();
    const backup = await backUpAccount(store, 'anna');
    await account.mailboxes.create('Later');
    const remove = account.mailboxes.delete.bind(account.mailboxes);
    vi.spyOn(account.mailboxes, 'delete').mockImplementationOnce(async (mailbox, options) => {
      await remove(mailbox);
      await remove(mailbox, options);
    });
    await restoreTo(store, account, backup, { mode: 'mirror' });
    expect(await contentOf(account, 'Later')).toEqual(['no mailbox']);
    await store.close();
  });

  it('leaves a mailbox that new mail has come into meanwhile', async () => {
    const { store, account } = await startedAccount();
    const backup = await backUpAccount(store, 'anna');
    await account.mailboxes.create('Later');
    await account.messages.expunge(await idOf(account, 'Inbox'), [1], 'all');
    const slow = {
      startMessage: async () => {
        await deliver(store.accounts, account, message('In the nick of time'), { mailbox: 'Later' });
        return await store.accounts.startMessage();
      },
    };
    const summary = await restoreTo(store, account, backup, { mode: 'mirror', accounts: slow });
    expect(summary).toMatchObject({ restored: 1, skipped: 0, skippedBy: { 'new-mail': 1 } });
    expect(await contentOf(account, 'Later')).toEqual(['1 In the nick of time']);
    await store.close();
  });
});
