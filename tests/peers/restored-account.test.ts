import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resultOf, startTestServer, type TestServer } from '../harness/start-test-server.ts';
import { makeMail } from './make-mail.ts';
import { MbsyncClient } from './mbsync-client.ts';
import { openImap, type Reader } from './read-mail.ts';

const reader = (server: TestServer): Reader => {
  return { host: '127.0.0.1', port: server.ports.imap, user: 'me@example.org', password: 'secret' };
};

/** Subjects by mailbox, sorted, of mailboxes that hold any. */
type Mail = Record<string, string[]>;

async function mailOf(server: TestServer): Promise<Mail> {
  await using client = await openImap(reader(server));
  const mail: Mail = {};
  for (const { path } of await client.list()) {
    const { exists } = await client.mailboxOpen(path, { readOnly: true });
    if (exists === 0) continue;
    const all = await client.fetchAll('1:*', { envelope: true });
    mail[path] = all.map(({ envelope }) => envelope?.subject ?? '').sort();
  }
  return mail;
}

it('mbsync that was in step is so again after each kind of restore, twice in a row, and fetches nothing twice', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restante-peers-'));
  try {
    await using server = await startTestServer({ directory: join(directory, 'server') });
    {
      await using client = await openImap(reader(server));
      await client.mailboxCreate('Lists/Work');
      for (let at = 0; at < 8; at++) {
        const flags = at % 2 === 0 ? ['\\Seen', '\\Flagged'] : [];
        await client.append(at < 5 ? 'INBOX' : 'Lists/Work', makeMail({ bodyBytes: at * 1000 }).bytes, flags);
      }
    }
    const certificateFile = join(server.dataDirectory, 'tls', 'selfsigned.pem');
    const mbsync = await MbsyncClient.create(directory, { ...reader(server), tls: 'STARTTLS', certificateFile });
    const backup = join(directory, 'backup');
    expect(await server.command('backup', backup)).toMatchObject({ code: 0 });

    /** Messages that mbsync has fetched, by file: those it knew keep their names. */
    const inStep = async (): Promise<number> => {
      const before = new Set(Object.values(await mbsync.state()));
      const known = Object.keys(await mbsync.state()).length;
      for (let run = 0; run < 2; run++) {
        const done = await mbsync.run();
        expect(done, done.stderr).toMatchObject({ code: 0 });
      }
      const mail = await mailOf(server);
      for (const [mailbox, subjects] of Object.entries(mail)) {
        // Reading throws when a message is there twice.
        expect([...(await mbsync.messages(mailbox)).keys()].sort(), mailbox).toEqual(subjects);
      }
      const state = await mbsync.state();
      expect(known).toBeGreaterThan(0);
      return Object.entries(state).filter(([path, hash]) => {
        // It writes down where it stands.
        return hash !== 'directory' && !before.has(hash) && !/\.(?:mbsyncstate|uidvalidity)[^/]*$/.test(path);
      }).length;
    };
    await mbsync.run();
    const was = await mailOf(server);
    await inStep();

    const remove = async (mailbox: string, uids: string): Promise<void> => {
      await using client = await openImap(reader(server));
      await client.mailboxOpen(mailbox);
      await client.messageDelete(uids, { uid: true });
    };
    const restore = async (...args: string[]): Promise<Record<string, number>> => {
      const done = await server.command('restore', backup, '--account', 'me', '--json', ...args);
      expect(done, done.stderr).toMatchObject({ code: 0 });
      return resultOf(done);
    };
    const kinds: { name: string; harm: () => Promise<void>; args: string[]; restored: number }[] = [
      {
        name: 'one message',
        harm: () => remove('INBOX', '2'),
        args: ['--mailbox', 'INBOX', '--uid', '2'],
        restored: 1,
      },
      { name: 'a mailbox', harm: () => remove('INBOX', '1:3'), args: ['--mailbox', 'INBOX'], restored: 2 },
      {
        name: 'a deleted mailbox',
        harm: async () => {
          await using client = await openImap(reader(server));
          await client.mailboxDelete('Lists/Work');
        },
        args: ['--mailbox', 'Lists/Work'],
        restored: 3,
      },
      {
        name: 'a mirror',
        harm: async () => {
          await using client = await openImap(reader(server));
          await client.append('INBOX', makeMail().bytes);
          await client.mailboxOpen('INBOX');
          await client.messageMove('4', 'Archive', { uid: true });
        },
        args: ['--mode', 'mirror'],
        restored: 0,
      },
    ];
    for (const { name, harm, args, restored } of kinds) {
      await harm();
      expect((await mbsync.run()).code, name).toBe(0);
      expect((await restore(...args)).restored, name).toBe(restored);
      await inStep();
      const { restored: again, changed, moved, removed } = await restore(...args);
      expect({ again, changed, moved, removed }, name).toEqual({ again: 0, changed: 0, moved: 0, removed: 0 });
      expect(await inStep(), name).toBe(0);
    }
    expect(await mailOf(server)).toEqual(was);
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
});

it('imapflow with QRESYNC sees what has come back, and nothing else', async () => {
  await using server = await startTestServer();
  const backup = join(server.directory, 'backup');
  await using other = await openImap(reader(server));
  for (let at = 0; at < 5; at++) await other.append('INBOX', makeMail().bytes, at % 2 === 0 ? ['\\Seen'] : []);
  expect(await server.command('backup', backup)).toMatchObject({ code: 0 });
  await other.mailboxOpen('INBOX');
  await other.messageDelete('2,4', { uid: true });

  await using client = await openImap(reader(server), { qresync: true });
  const opened = await client.mailboxOpen('INBOX');
  const known = new Map(
    (await client.fetchAll('1:*', { flags: true, uid: true })).map(({ uid, flags }) => [uid, flags]),
  );
  const { highestModseq = 0n, uidValidity } = opened;
  await client.mailboxClose();
  for (const round of [1, 2]) {
    const done = await server.command('restore', backup, '--account', 'me', '--json');
    expect(resultOf(done).restored).toBe(round === 1 ? 2 : 0);
  }
  const vanished: unknown[] = [];
  const changed: number[] = [];
  client.on('expunge', (event) => vanished.push(event));
  client.on('flags', ({ uid }: { uid?: number }) => {
    if (uid !== undefined) changed.push(uid);
  });
  const now = await client.mailboxOpen('INBOX', { changedSince: highestModseq, uidValidity } as never);
  expect(now.uidValidity).toBe(uidValidity);
  expect(now.highestModseq! > highestModseq).toBe(true);
  expect(vanished).toEqual([]);
  const uids = (await client.fetchAll('1:*', { uid: true }, { changedSince: highestModseq })).map(({ uid }) => uid);
  expect(uids).toHaveLength(2);
  expect(Math.min(...uids)).toBeGreaterThan(Math.max(...known.keys()));
  expect(changed.every((uid) => uids.includes(uid))).toBe(true);
  const all = new Map((await client.fetchAll('1:*', { flags: true, uid: true })).map(({ uid, flags }) => [uid, flags]));
  for (const [uid, flags] of known) expect(all.get(uid)).toEqual(flags);
});
