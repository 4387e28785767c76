import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import { silentLog } from '../runtime/log.ts';
import type { Account } from '../store/account.ts';
import { accountDatabaseKind } from '../store/account-database.ts';
import { rejectsLikeSql } from '../store/deliveries/delivery-reader.ts';
import { message, openTestStore, type TestStore } from '../store/store-fixture.ts';
import type { Reason } from './decision/decision.ts';
import { Rejects, type RejectsSettings } from './rejects.ts';

const time = { now: Date.UTC(2026, 10, 1) };
const clock = { now: () => time.now };

async function start(
  settings: RejectsSettings = { mailbox: 'Rejects', forever: false },
  most?: { messages: number; bytes: number },
) {
  const store = await openTestStore(undefined, { clock });
  const rejects = new Rejects({
    settingsOf: () => settings,
    clock,
    log: silentLog,
    ...(most === undefined ? {} : { most }),
  });
  const account = await store.accounts.open('me');
  const refuse = async (text: string, reason: Reason = 'dmarc-reject'): Promise<void> => {
    await using file = await received(store, text);
    await rejects.keep(() => store.accounts.open('me'), reason, { mailbox: 'Inbox', file }, 'me');
  };
  const arrive = async (text: string): Promise<void> => {
    await using file = await received(store, text);
    await account.messages.add({ mailbox: 'Inbox', file });
    await rejects.arrived(account, file);
  };
  return { store, account, refuse, arrive };
}

async function received(store: TestStore, text: string) {
  await using intake = await store.accounts.startMessage();
  await intake.write(Buffer.from(text.replaceAll('\n', '\r\n')));
  return await intake.finish();
}

async function count(account: Account): Promise<number> {
  return (await account.read((reader) => reader.mailboxes.named('Rejects')))?.messages ?? 0;
}

const numbered = (number: number): string =>
  `Message-ID: <${number}@x.example>\nFrom: a@x.example\nSubject: number ${number}\n\nhello\n`;

describe('refused messages', () => {
  it('are kept once each, by Message-ID or content, marked as what they are', async () => {
    const { store, account, refuse } = await start();
    await refuse(numbered(1));
    await refuse(numbered(1).replace('hello', 'hello again'));
    await refuse(numbered(2));
    const without = message('none').replace(/^Message-ID:.*\n/im, '');
    await refuse(without);
    await refuse(without);
    await refuse(without.replace('none', 'other'));
    await refuse(numbered(3), 'account-rate');
    expect(await account.read((reader) => reader.mailboxes.named('Rejects'))).toMatchObject({ messages: 4, unseen: 0 });
    await using database = await store.engine.open(
      accountDatabaseKind,
      join(store.dataDirectory, 'accounts', 'me', 'index.db'),
    );
    const rows = await database.read((reader) =>
      reader.all(
        `SELECT DISTINCT is_reject, original.name AS original, destined.name AS destined FROM contents
         JOIN mailboxes AS original ON original.id = original_mailbox_id
         JOIN mailboxes AS destined ON destined.id = destined_mailbox_id`,
      ),
    );
    expect(rows).toEqual([{ is_reject: 1, original: 'Rejects', destined: 'Inbox' }]);
    const plan = await database.read((reader) =>
      reader.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${rejectsLikeSql}`, [1, null, 1]),
    );
    expect(plan.map(({ detail }) => detail)).toContainEqual(
      expect.stringMatching(/^SEARCH contents USING COVERING INDEX contents_rejects \(message_id_hash=\?/),
    );
  });

  it('go when they arrive after all, and other messages stay', async () => {
    const { account, refuse, arrive } = await start();
    await refuse(numbered(1));
    await refuse(numbered(2));
    await arrive(numbered(3));
    expect(await count(account)).toBe(2);
    await arrive(numbered(1).replace('hello', 'Hello from the list'));
    expect(await count(account)).toBe(1);
    const inbox = await account.read((reader) => reader.mailboxes.named('Inbox'));
    expect(inbox?.messages).toBe(2);
  });

  it('go after two weeks, and leave alone what the user has put there', async () => {
    const { account, refuse, arrive } = await start();
    await refuse(numbered(1));
    await arrive(numbered(2));
    const { inbox, rejects } = await account.read(async (reader) => ({
      inbox: (await reader.mailboxes.named('Inbox'))!,
      rejects: (await reader.mailboxes.named('Rejects'))!,
    }));
    await account.messages.move(inbox.id, 'all', rejects.id);
    time.now += limits.rejectsMs - limits.rejectsTidyMs;
    await refuse(numbered(3));
    expect(await count(account)).toBe(3);
    time.now += 2 * limits.rejectsTidyMs;
    await arrive(numbered(4));
    expect(await count(account)).toBe(2);
  });

  it('are the latest so many', async () => {
    const { account, refuse } = await start({ mailbox: 'Rejects', forever: false }, { messages: 5, bytes: 1_000_000 });
    for (let number = 0; number < 8; number++) await refuse(numbered(number));
    expect(await count(account)).toBe(5);
    await refuse(numbered(7));
    expect(await count(account)).toBe(5);
    await refuse(numbered(1));
    const uids = await account.read(
      async (reader) => await reader.uids.all((await reader.mailboxes.named('Rejects'))!.id),
    );
    expect([...uids]).toEqual([5, 6, 7, 8, 9]);
  });

  it('take so much room, and none when they are large', async () => {
    const { account, refuse } = await start({ mailbox: 'Rejects', forever: false }, { messages: 100, bytes: 3_000 });
    for (let number = 0; number < 8; number++) await refuse(numbered(number) + 'x'.repeat(900));
    const mailbox = await account.read((reader) => reader.mailboxes.named('Rejects'));
    expect(mailbox?.messages).toBe(3);
    expect(mailbox?.sizeBytes).toBeLessThanOrEqual(3_000);
    await refuse(numbered(9) + 'x'.repeat(limits.rejectBytes));
    expect(await count(account)).toBe(3);
  });

  it('stay for ever when the user wants that', async () => {
    const forever = await start({ mailbox: 'Rejects', forever: true });
    await forever.refuse(numbered(1));
    time.now += 2 * limits.rejectsMs;
    await forever.arrive(numbered(1));
    await forever.refuse(numbered(2));
    expect(await count(forever.account)).toBe(2);
  });

  it('are refused all the same when they cannot be kept', async () => {
    const { account, refuse } = await start();
    await account.setQuota(1);
    await refuse(numbered(1));
    expect(await count(account)).toBe(0);
  });
});
