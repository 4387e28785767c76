import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import type { Account } from './account.ts';
import { deliver, inbox, openTestStore } from './store-fixture.ts';

interface Mail {
  id: string;
  subject?: string;
  references?: string;
  inReplyTo?: string;
}

function text({ id, subject = id, references, inReplyTo }: Mail): string {
  const more = [
    references === undefined ? '' : `References: ${references}\n`,
    inReplyTo === undefined ? '' : `In-Reply-To: ${inReplyTo}\n`,
  ];
  return `From: a@example.org\nSubject: ${subject}\nMessage-ID: <${id}>\n${more.join('')}\nHello\n`;
}

/** Threads of all messages in Inbox, each as the places of its messages in order of arrival. */
async function threads(account: Account): Promise<number[][]> {
  const { id } = await inbox(account);
  const rows = await account.read((reader) => reader.messages.rows(id, 'all'));
  const byThread = Map.groupBy(rows, ({ threadId }) => threadId);
  return [...byThread.values()].map((group) => group.map(({ uid }) => uid));
}

async function threadsOf(mails: Mail[]): Promise<number[][]> {
  const { accounts } = await openTestStore();
  await using account = await accounts.open('me');
  for (const mail of mails) await deliver(accounts, account, text(mail));
  return await threads(account);
}

describe('threads', () => {
  it('follow References and In-Reply-To', async () => {
    expect(
      await threadsOf([
        { id: 'a@x' },
        { id: 'b@x', references: '<a@x>' },
        { id: 'c@x', inReplyTo: '<b@x>' },
        { id: 'd@x' },
      ]),
    ).toEqual([[1, 2, 3], [4]]);
  });

  it('come together when messages arrive in the wrong order', async () => {
    expect(
      await threadsOf([{ id: 'c@x', references: '<a@x> <b@x>' }, { id: 'b@x', references: '<a@x>' }, { id: 'a@x' }]),
    ).toEqual([[1, 2, 3]]);
  });

  it('come together over a message that never arrives', async () => {
    expect(
      await threadsOf([
        { id: 'b@x', references: '<a@x>' },
        { id: 'c@x', references: '<a@x>' },
      ]),
    ).toEqual([[1, 2]]);
  });

  it('are merged when a message shows that two are one, and later messages find the merged one', async () => {
    expect(
      await threadsOf([
        { id: 'a@x' },
        { id: 'b@x' },
        { id: 'b2@x', references: '<b@x>' },
        { id: 'c@x', references: '<a@x> <b@x>' },
        { id: 'd@x', references: '<b2@x>' },
        { id: 'e@x', references: '<f@x> <c@x>' },
        { id: 'f@x' },
      ]),
    ).toEqual([[1, 2, 3, 4, 5, 6, 7]]);
  });

  it('survive references in circles and to themselves', async () => {
    expect(
      await threadsOf([
        { id: 'a@x', references: '<b@x>' },
        { id: 'b@x', references: '<c@x>' },
        { id: 'c@x', references: '<a@x>' },
        { id: 'c@x', references: '<c@x>' },
      ]),
    ).toEqual([[1, 2, 3, 4]]);
  });

  it('take a reply without references by its subject, but no first message', async () => {
    expect(
      await threadsOf([
        { id: 'a@x', subject: 'Lunch?' },
        { id: 'b@x', subject: 'Re: lunch?' },
        { id: 'c@x', subject: 'Lunch?' },
        { id: 'd@x', subject: 'Re: ' },
        { id: 'e@x', subject: 'Re: ' },
      ]),
    ).toEqual([[1, 2], [3], [4], [5]]);
  });

  it('take a reply by its subject for some weeks only', async () => {
    let now = Date.UTC(2026, 0, 1);
    const { accounts } = await openTestStore(undefined, { clock: { now: () => now } });
    await using account = await accounts.open('me');
    await deliver(accounts, account, text({ id: 'a@x', subject: 'Lunch?' }));
    now += limits.threadSubjectWindowMs + 1;
    await deliver(accounts, account, text({ id: 'b@x', subject: 'Re: Lunch?' }));
    expect(await threads(account)).toEqual([[1], [2]]);
  });

  it('stay whole when messages of them are erased', async () => {
    const { accounts, close, dataDirectory } = await openTestStore();
    {
      await using account = await accounts.open('me');
      await deliver(accounts, account, text({ id: 'a@x' }));
      await deliver(accounts, account, text({ id: 'b@x', references: '<a@x>' }));
      await deliver(accounts, account, text({ id: 'c@x', references: '<a@x> <b@x>' }));
      const { id } = await inbox(account);
      await account.messages.expunge(id, [1, 2], 'all');
    }
    await close();
    const again = await openTestStore(dataDirectory);
    await using account = await again.accounts.open('me');
    await eraseAll(account);
    await deliver(again.accounts, account, text({ id: 'd@x', references: '<b@x>' }));
    await deliver(again.accounts, account, text({ id: 'b@x', references: '<a@x>' }));
    expect(await threads(account)).toEqual([[3, 4, 5]]);
  });

  it('of which all messages are erased are nothing that a restore has to look at', async () => {
    const { accounts, close, dataDirectory } = await openTestStore();
    let hashes: number[];
    {
      await using account = await accounts.open('me');
      await deliver(accounts, account, text({ id: 'a@x' }));
      await deliver(accounts, account, text({ id: 'b@x', references: '<a@x>' }));
      const { id } = await inbox(account);
      const marks = await account.read((reader) => reader.stored.marks(id, [1, 2]));
      hashes = [...marks.values()].map(({ messageIdHash }) => messageIdHash);
      await account.messages.expunge(id, [1, 2], 'all');
    }
    await close();
    const again = await openTestStore(dataDirectory);
    await using account = await again.accounts.open('me');
    await eraseAll(account);
    expect(await account.read((reader) => reader.stored.threadsOf(hashes))).toEqual([]);
  });
});

/** Waits until the files of what was expunged are gone. */
async function eraseAll(account: Account): Promise<void> {
  const { id } = await inbox(account);
  for (;;) {
    const rows = await account.read((reader) => reader.messages.rendered(id, 'all', 1, 99, { includeExpunged: true }));
    const live = await account.read((reader) => reader.uids.all(id));
    if (rows.length === live.length) return;
    await new Promise((next) => setTimeout(next, 50));
  }
}
