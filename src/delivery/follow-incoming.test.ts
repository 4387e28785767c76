import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../queue/queue-fixture.ts';
import { systemClock } from '../runtime/clock.ts';
import { silentLog } from '../runtime/log.ts';
import type { Account } from '../store/account.ts';
import { deliver, message, openTestStore, type TestStore } from '../store/store-fixture.ts';
import { type FollowIncomingOptions, IncomingFollower } from './follow-incoming.ts';
import { incomingPayload } from './incoming-event.ts';

interface Followed {
  follower: IncomingFollower;
  /** Subject, envelope and mailbox of each message taken. */
  taken: string[];
  payloads: string[];
  cursor: { at: number | undefined };
}

function follow(store: TestStore, options: Partial<FollowIncomingOptions> = {}): Followed {
  const followed: Omit<Followed, 'follower'> = { taken: [], payloads: [], cursor: { at: undefined } };
  const follower = new IncomingFollower({
    accounts: store.accounts,
    interestIn: () => 'all',
    lookedUpTo: async () => followed.cursor.at,
    async take(account, messages) {
      for (const one of messages) {
        const payload = await incomingPayload(account, one);
        followed.payloads.push(payload);
        followed.taken.push(`${JSON.parse(payload).subject} <${one.mailFrom}> <${one.rcptTo}> ${one.mailbox}`);
      }
    },
    async advance(_account, modseq) {
      followed.cursor.at = modseq;
    },
    clock: systemClock,
    log: silentLog,
    delayMs: 1,
    ...options,
  });
  onTestFinished(() => follower[Symbol.asyncDispose]());
  return { ...followed, follower };
}

/** As delivery does. */
function prefixOf(sender: string, more = ''): Buffer {
  return Buffer.from(`Return-Path: <${sender}>\r\nDelivered-To: me@here.example\r\n${more}`);
}

async function receive(
  { accounts }: TestStore,
  account: Account,
  subject: string,
  sender = 'you@there.example',
  more = '',
): Promise<void> {
  await deliver(accounts, account, message(subject), { prefix: prefixOf(sender, more) });
}

describe('deliveries', () => {
  it('are found as they come, wherever they go, and nothing else is taken for one', async () => {
    const store = await openTestStore();
    const { taken, cursor } = follow(store);
    const account = await store.accounts.open('me');
    const received = 'Received: from a by b\r\n\tfor <me+x@here.example>; Mon, 5 Jan 2026 10:00:00 +0000\r\n';
    await receive(store, account, 'one', 'you@there.example', received);
    await deliver(store.accounts, account, message('a draft'));
    await deliver(store.accounts, account, message('two'), { mailbox: 'Junk', prefix: prefixOf('') });
    const days = 24 * 60 * 60_000;
    await deliver(store.accounts, account, message('restored'), {
      prefix: prefixOf(''),
      receivedAt: Date.now() - 4 * days,
    });
    // The account begins with MODSEQ 1: then all four were looked at.
    await until(() => taken.length === 2 && cursor.at === 5);
    expect(taken.sort()).toEqual([
      'one <you@there.example> <me+x@here.example> Inbox',
      'two <> <me@here.example> Junk',
    ]);
  });

  it('from the null sender can be all that is wanted', async () => {
    const store = await openTestStore();
    const { taken, cursor } = follow(store, { interestIn: () => 'notices' });
    const account = await store.accounts.open('me');
    await receive(store, account, 'one');
    await receive(store, account, 'two', '');
    await until(() => taken.length === 1);
    expect(taken).toEqual(['two <> <me@here.example> Inbox']);
    expect(cursor.at).toBeUndefined();
  });

  it('that came before a crash are found after it, and those before the first look are not', async () => {
    const store = await openTestStore();
    const account = await store.accounts.open('me');
    await receive(store, account, 'long ago');
    await new Promise((resolve) => setTimeout(resolve, 5));
    const first = follow(store);
    first.follower.look('me');
    await until(() => first.cursor.at !== undefined);
    expect(first.taken).toEqual([]);
    await first.follower[Symbol.asyncDispose]();
    await receive(store, account, 'while it was away');
    const second = follow(store, { lookedUpTo: async () => first.cursor.at });
    second.follower.look('me');
    await until(() => second.taken.length === 1);
    expect(second.taken[0]).toMatch(/^while it was away /);
  });

  it('come again, under the same id, when nobody wrote down that they were taken', async () => {
    const store = await openTestStore();
    const account = await store.accounts.open('me');
    const ids: number[] = [];
    let fails = true;
    const { follower, cursor } = follow(store, {
      async take(_account, messages) {
        ids.push(...messages.map(({ contentId }) => contentId));
        if (fails) throw new Error('full disk');
      },
    });
    await receive(store, account, 'one');
    await until(() => ids.length === 1);
    fails = false;
    follower.look('me');
    await until(() => cursor.at !== undefined);
    expect(ids).toEqual([ids[0], ids[0]]);
  });

  it('are many at once', async () => {
    const store = await openTestStore();
    const account = await store.accounts.open('me');
    const { taken } = follow(store, { delayMs: 300 });
    for (let count = 0; count < 250; count++) await receive(store, account, `number ${count}`);
    await until(() => taken.length === 250, 'all', 20_000);
    expect(new Set(taken).size).toBe(250);
  });
});

describe('what a webhook tells of a message', () => {
  it('is what is in it, decoded, with limits, and only what this server found out about its sender', async () => {
    const store = await openTestStore();
    const { payloads } = follow(store);
    const account = await store.accounts.open('me');
    const long = 'x'.repeat(998);
    const content = [
      'Authentication-Results: mail.here.example; spf=pass made up',
      'From: =?utf-8?q?Gr=C3=A4ce?= <grace@there.example>, ada@there.example',
      'To: me@here.example',
      'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
      'Date: Mon, 5 Jan 2026 10:00:00 +0100',
      'Message-ID: <2@there.example>',
      'In-Reply-To: <1@here.example>',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain; charset=iso-8859-1',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'Gr=FC=DFe',
      '--b',
      'Content-Type: text/html',
      '',
      ...Array(40).fill(long),
      '--b',
      'Content-Type: application/pdf; name=old.pdf',
      "Content-Disposition: attachment; filename*=utf-8''%C3%BC.pdf",
      'Content-Transfer-Encoding: base64',
      '',
      'AAAA',
      '--b--',
      '',
    ].join('\n');
    const found =
      'Authentication-Results: mail.here.example; spf=fail\r\nReceived: from a by b; Mon, 5 Jan 2026 10:00:00 +0000\r\n';
    await deliver(store.accounts, account, content, { prefix: prefixOf('grace@there.example', found) });
    await until(() => payloads.length === 1);
    const payload = JSON.parse(payloads[0]!);
    expect(payload).toMatchObject({
      version: 1,
      event: 'incoming',
      account: 'me',
      mailbox: 'Inbox',
      uid: 1,
      mailFrom: 'grace@there.example',
      rcptTo: 'me@here.example',
      from: [
        { name: 'Gräce', address: 'grace@there.example' },
        { name: '', address: 'ada@there.example' },
      ],
      to: [{ name: '', address: 'me@here.example' }],
      cc: [],
      subject: 'Grüße',
      date: '2026-01-05T09:00:00.000Z',
      messageId: '2@there.example',
      inReplyTo: ['1@here.example'],
      references: [],
      text: { content: 'Grüße', isCut: false },
      attachments: [{ name: 'ü.pdf', type: 'application/pdf', disposition: 'attachment', encodedBytes: 4 }],
      authentication: 'mail.here.example; spf=fail',
    });
    expect(payload.html.isCut).toBe(true);
    expect(payload.html.content).toHaveLength(32 * 1024);
  });

  it('is made of any message, however broken', async () => {
    const store = await openTestStore();
    const { payloads } = follow(store);
    const account = await store.accounts.open('me');
    await deliver(store.accounts, account, 'Content-Type: text/plain\nContent-Transfer-Encoding: none-such\n\nx\n', {
      prefix: prefixOf(''),
    });
    await deliver(store.accounts, account, '\n', { prefix: prefixOf('') });
    await until(() => payloads.length === 2);
    expect(payloads.map((payload) => JSON.parse(payload))).toMatchObject([
      { subject: '', from: [], date: null, messageId: null, html: null, authentication: null },
      { subject: '', from: [] },
    ]);
  });
});
