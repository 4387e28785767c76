import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../harness/start-test-server.ts';
import { makeMail } from './make-mail.ts';
import { openImap, type Reader } from './read-mail.ts';
import { runPeerOk } from './run-peer.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ settings: 'quota: 1 GiB' });
});

afterAll(() => server?.[Symbol.asyncDispose]());

describe.each([
  { way: 'plain', service: 'imap', options: { doSTARTTLS: false } },
  { way: 'starttls', service: 'imap', options: { doSTARTTLS: true } },
  { way: 'tls', service: 'imaps', options: { secure: true } },
] as const)('imapflow over $way', ({ way, service, options }) => {
  const reader = (): Reader => {
    return { host: '127.0.0.1', port: server.ports[service], user: 'me@example.org', password: 'secret' };
  };
  const open = (more = {}) => openImap(reader(), { ...options, ...more });

  it('logs in by each of its means, and not with a wrong password', async () => {
    for (const loginMethod of ['LOGIN', 'AUTH=LOGIN', 'AUTH=PLAIN']) {
      await using client = await open({ auth: { user: 'me@example.org', pass: 'secret', loginMethod } });
      expect(client.authenticated).toBe(true);
      expect(client.secureConnection).toBe(way !== 'plain');
    }
    await expect(openImap({ ...reader(), password: 'wrong' }, options)).rejects.toMatchObject({
      authenticationFailed: true,
    });
  });

  it('makes, renames, lists, subscribes and deletes mailboxes', async () => {
    await using client = await open();
    const base = `Größe ${way}`;
    expect(await client.mailboxCreate([base, 'ぽすと'])).toMatchObject({ path: `${base}/ぽすと`, created: true });
    await client.mailboxSubscribe(`${base}/ぽすと`);
    await client.mailboxRename(base, `${base} renamed`);
    const list = await client.list({ statusQuery: { messages: true, uidNext: true } });
    const found = list.find(({ path }) => path === `${base} renamed/ぽすと`);
    expect(found).toMatchObject({ delimiter: '/', listed: true, status: { messages: 0, uidNext: 1 } });
    expect(list.some(({ path }) => path === base)).toBe(false);
    expect(
      Object.fromEntries(list.filter((each) => each.specialUse).map((each) => [each.specialUse, each.path])),
    ).toEqual({
      '\\Inbox': 'INBOX',
      '\\Archive': 'Archive',
      '\\Drafts': 'Drafts',
      '\\Junk': 'Junk',
      '\\Sent': 'Sent',
      '\\Trash': 'Trash',
    });
    await client.mailboxDelete(`${base} renamed/ぽすと`);
    await client.mailboxDelete(`${base} renamed`);
    expect((await client.list()).some(({ path }) => path.startsWith(base))).toBe(false);
  });

  it('appends, fetches, searches, flags, copies, moves and expunges', async () => {
    await using client = await open();
    const [source, target] = [`From ${way}`, `To ${way}`];
    await client.mailboxCreate(source);
    await client.mailboxCreate(target);
    const mails = [makeMail(), makeMail({ eightBit: true }), makeMail({ bodyBytes: 1_000_000 })];
    for (const [at, { bytes }] of mails.entries()) {
      const appended = await client.append(
        source,
        bytes,
        ['\\Seen', '$Label'],
        new Date(Date.UTC(2020, 0, 1 + at, 12)),
      );
      expect(appended).toMatchObject({ destination: source, uid: at + 1 });
    }
    const { exists, uidNext, highestModseq } = await client.mailboxOpen(source);
    expect({ exists, uidNext }).toEqual({ exists: 3, uidNext: 4 });
    for (const [at, { bytes, subject }] of mails.entries()) {
      const message = await client.fetchOne(String(at + 1), {
        source: true,
        envelope: true,
        bodyStructure: true,
        size: true,
        internalDate: true,
        flags: true,
      });
      if (message === false) throw new Error('It is not there');
      expect(message.source?.equals(bytes)).toBe(true);
      expect(message.size).toBe(bytes.length);
      expect(message.envelope).toMatchObject({ subject, messageId: `<${subject}@peer.example>` });
      expect(message.bodyStructure).toMatchObject({ type: 'text/plain', parameters: { charset: 'utf-8' } });
      expect(message.internalDate).toEqual(new Date(Date.UTC(2020, 0, 1 + at, 12)));
      expect([...(message.flags ?? [])].sort()).toEqual(['$Label', '\\Seen']);
    }
    const { content } = await client.download('3', '1');
    let size = 0;
    for await (const chunk of content ?? []) size += (chunk as Buffer).length;
    expect(size).toBe(mails[2].bytes.length - mails[2].bytes.indexOf('\r\n\r\n') - 4);
    const search = (query: object) => client.search(query, { uid: true });
    expect(await search({ subject: mails[1].subject })).toEqual([2]);
    expect(await search({ body: 'Köln' })).toEqual([2]);
    expect(await search({ larger: 500_000 })).toEqual([3]);
    expect(await search({ since: new Date('2020-01-02'), seen: true, keyword: '$Label' })).toEqual([2, 3]);
    expect(await search({ or: [{ uid: '1' }, { subject: mails[2].subject }] })).toEqual([1, 3]);
    expect(await search({ not: { uid: '1' } })).toEqual([2, 3]);
    await client.messageFlagsAdd('2', ['\\Flagged', 'Work'], { uid: true });
    await client.messageFlagsRemove('2:3', ['\\Seen'], { uid: true });
    expect(await search({ flagged: true, seen: false })).toEqual([2]);
    expect(await search({ modseq: (highestModseq ?? 0n) + 1n })).toEqual([2, 3]);
    const copied = await client.messageCopy('1:2', target, { uid: true });
    expect(copied).toHaveProperty(
      'uidMap',
      new Map([
        [1, 1],
        [2, 2],
      ]),
    );
    const moved = await client.messageMove('3', target, { uid: true });
    expect(moved).toHaveProperty('uidMap', new Map([[3, 3]]));
    await client.messageDelete('1', { uid: true });
    expect(await search({ all: true })).toEqual([2]);
    expect(await client.status(target, { messages: true, unseen: true, uidNext: true })).toMatchObject({
      messages: 3,
      unseen: 2,
      uidNext: 4,
    });
  });

  it('is told of a delivery and of flags while it idles', async () => {
    await using client = await open();
    await using other = await open();
    const before = (await client.mailboxOpen('INBOX')).exists;
    await other.mailboxOpen('INBOX');
    const told = Promise.withResolvers<{ count: number; prevCount: number }>();
    client.once('exists', told.resolve);
    const idling = client.idle();
    const swaks = ['--from', 'you@peer.example', '--to', 'me@example.org', '--server', '127.0.0.1'];
    await runPeerOk('swaks', [...swaks, '--port', String(server.ports.smtp)]);
    expect(await told.promise).toMatchObject({ count: before + 1, prevCount: before });
    // So that it knows of the message too.
    await other.noop();
    const flags = Promise.withResolvers<{ seq: number; flags: Set<string> }>();
    client.once('flags', flags.resolve);
    await other.messageFlagsAdd('*', ['\\Flagged']);
    expect((await flags.promise).flags.has('\\Flagged')).toBe(true);
    const expunged = Promise.withResolvers<{ seq: number }>();
    client.once('expunge', expunged.resolve);
    await other.messageDelete('*');
    expect((await expunged.promise).seq).toBe(before + 1);
    // Any other command ends it.
    await client.noop();
    await idling;
  });

  it('is told the quota', async () => {
    await using client = await open();
    const quota = await client.getQuota('INBOX');
    expect(quota).toMatchObject({ storage: { limit: 2 ** 30 } });
  });

  it('catches up with what has happened since it was last there', async () => {
    const mailbox = `Changes ${way}`;
    let seen: { highestModseq?: bigint; uidValidity: bigint };
    {
      await using client = await open({ qresync: true });
      await client.mailboxCreate(mailbox);
      for (let at = 0; at < 5; at++) await client.append(mailbox, makeMail().bytes);
      const { highestModseq, uidValidity } = await client.mailboxOpen(mailbox);
      seen = { uidValidity, ...(highestModseq === undefined ? {} : { highestModseq }) };
    }
    {
      await using other = await open();
      await other.mailboxOpen(mailbox);
      await other.messageFlagsAdd('2', ['\\Flagged'], { uid: true });
      await other.messageDelete('3:4', { uid: true });
      await other.append(mailbox, makeMail().bytes);
    }
    await using client = await open({ qresync: true });
    const vanished: number[] = [];
    const changed: number[] = [];
    client.on('expunge', ({ uid, vanished: gone }) => {
      if (gone && uid !== undefined) vanished.push(uid);
    });
    client.on('flags', ({ uid }) => changed.push(uid ?? 0));
    await client.mailboxOpen(mailbox, { changedSince: seen.highestModseq ?? 0n, uidValidity: seen.uidValidity });
    expect(vanished).toEqual([3, 4]);
    expect(changed).toEqual([2, 6]);
    const changes = await client.fetchAll(
      '1:*',
      { uid: true, flags: true },
      { uid: true, changedSince: seen.highestModseq ?? 0n },
    );
    expect(changes.map(({ uid }) => uid)).toEqual([2, 6]);
  });
});
