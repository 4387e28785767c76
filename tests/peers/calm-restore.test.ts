import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resultOf, runCommand, startTestServer, type TestServer } from '../harness/start-test-server.ts';
import { makeMail } from './make-mail.ts';
import { MbsyncClient } from './mbsync-client.ts';
import { openImap, type Reader } from './read-mail.ts';
import { SynchronisedImapflow } from './synchronised-imapflow.ts';

/** Three mail programs that keep what they have downloaded: one is told of everything, one was away during the loss, one is mbsync. */
class MailPrograms {
  readonly present = new SynchronisedImapflow();
  readonly away = new SynchronisedImapflow();
  readonly #mbsync: MbsyncClient;

  constructor(mbsync: MbsyncClient) {
    this.#mbsync = mbsync;
  }

  /** @returns paths of messages that mbsync has downloaded */
  async #sync(): Promise<string[]> {
    const before = await this.#mbsync.state();
    const { code, stdout, stderr } = await this.#mbsync.run();
    expect(code, stdout + stderr).toBe(0);
    const after = await this.#mbsync.state();
    const isMessage = (path: string): boolean => /\/(?:new|cur)\/[^/]+$/.test(path);
    const without = (path: string): string => path.replace(/:2,[A-Z]*$/, '').replace('/new/', '/cur/');
    const had = new Set(Object.keys(before).map(without));
    return Object.keys(after).filter((path) => isMessage(path) && !had.has(without(path)));
  }

  async seeLoss(server: TestServer): Promise<void> {
    await this.present.synchronise(readerOf(server));
    await this.#sync();
  }

  async all(server: TestServer): Promise<void> {
    await this.seeLoss(server);
    await this.away.synchronise(readerOf(server));
  }

  /** After a restore: each downloads what came back, and nothing that it has. */
  async expectDownloads(server: TestServer, subjects: readonly string[]): Promise<void> {
    const wanted = [...subjects].sort();
    expect(await this.present.synchronise(readerOf(server))).toEqual(wanted);
    expect(await this.away.synchronise(readerOf(server))).toEqual(wanted);
    expect(await this.#sync()).toHaveLength(wanted.length);
    await this.expectSilence(server);
  }

  async expectSilence(server: TestServer): Promise<void> {
    expect(await this.present.synchronise(readerOf(server))).toEqual([]);
    expect(await this.away.synchronise(readerOf(server))).toEqual([]);
    expect(await this.#sync()).toEqual([]);
    for (const [folder, mailbox] of [
      ['INBOX', 'INBOX'],
      [join('Lists', 'Work'), 'Lists/Work'],
    ] as const) {
      // Throws when one is there twice.
      const local = [...(await this.#mbsync.messages(folder)).keys()].sort();
      expect(local).toEqual(
        this.present
          .messages(mailbox)
          .map((text) => text.split(' ')[0])
          .sort(),
      );
    }
  }

  async pointTo(server: TestServer): Promise<void> {
    await this.#mbsync.pointTo(mbsyncOptions(server));
  }
}

function readerOf(server: TestServer): Reader {
  return { host: '127.0.0.1', port: server.ports.imap, user: 'you@example.org', password: 'secret' };
}

function mbsyncOptions(server: TestServer) {
  const certificateFile = join(server.dataDirectory, 'tls', 'selfsigned.pem');
  return { ...readerOf(server), tls: 'STARTTLS', certificateFile } as const;
}

async function inMailbox(
  server: TestServer,
  mailbox: string,
  work: (client: Awaited<ReturnType<typeof openImap>>) => Promise<unknown>,
): Promise<void> {
  await using client = await openImap(readerOf(server));
  await client.mailboxOpen(mailbox);
  await work(client);
}

it('mail programs download what comes back, once, and nothing that they have, after every kind of restore', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restante-peers-'));
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  const place = join(directory, 'first');
  let server = await startTestServer({ directory: place, accounts: ['me', 'you'] });
  cleanUp.defer(() => server[Symbol.asyncDispose]());
  const { ports } = server;
  const subjects: string[] = [];
  await inMailbox(server, 'INBOX', async (client) => {
    await client.mailboxCreate('Lists/Work');
    for (let at = 0; at < 9; at++) {
      const { subject, bytes } = makeMail({ bodyBytes: at * 5_000 });
      subjects.push(subject);
      await client.append(at < 6 ? 'INBOX' : 'Lists/Work', bytes, at % 2 === 0 ? ['\\Seen'] : ['\\Flagged']);
    }
  });
  const programs = new MailPrograms(await MbsyncClient.create(directory, mbsyncOptions(server)));
  await programs.all(server);
  await programs.expectSilence(server);
  const backup = join(directory, 'backup');
  expect(await server.command('backup', backup)).toMatchObject({ code: 0 });
  const restore = async (...args: string[]) => {
    const done = await server.command('restore', backup, '--account', 'you', '--json', ...args);
    expect(done, done.stderr).toMatchObject({ code: 0 });
    return resultOf(done);
  };
  const original = programs.present.messages('INBOX');

  // One message.
  await inMailbox(server, 'INBOX', (client) => client.messageDelete('2', { uid: true }));
  await programs.seeLoss(server);
  expect(await restore('--message-id', `${subjects[1]}@peer.example`)).toMatchObject({ restored: 1 });
  await programs.expectDownloads(server, [subjects[1]!]);
  expect(await restore('--message-id', `${subjects[1]}@peer.example`)).toMatchObject({ restored: 0, alreadyThere: 1 });
  await programs.expectSilence(server);

  // A mailbox, merged: with newer mail, flags changed since, and one filed elsewhere.
  const newer = makeMail();
  await inMailbox(server, 'INBOX', async (client) => {
    await client.messageFlagsAdd('1', ['\\Answered'], { uid: true });
    await client.messageMove('4', 'Archive', { uid: true });
    await client.messageDelete('3,5', { uid: true });
    await client.append('INBOX', newer.bytes);
  });
  await programs.all(server);
  expect(await restore('--mailbox', 'INBOX')).toMatchObject({ restored: 2, alreadyThere: 4 });
  await programs.expectDownloads(server, [subjects[2]!, subjects[4]!]);
  expect(programs.present.messages('INBOX')).toEqual([
    `${subjects[0]} \\Answered \\Seen`,
    `${subjects[5]} \\Flagged`,
    `${subjects[1]} \\Flagged`,
    newer.subject,
    `${subjects[2]} \\Seen`,
    `${subjects[4]} \\Seen`,
  ]);
  expect(programs.away.messages('INBOX')).toEqual(programs.present.messages('INBOX'));
  expect(await restore('--mailbox', 'INBOX')).toMatchObject({ restored: 0, alreadyThere: 6 });
  await programs.expectSilence(server);

  // The account as it was: flags, places, and nothing newer. What is moved has another UID, so it is downloaded from there.
  expect(await restore('--mode', 'mirror')).toMatchObject({ restored: 0, changed: 1, moved: 1, removed: 1 });
  await programs.expectDownloads(server, [subjects[3]!]);
  expect([...programs.present.messages('INBOX')].sort()).toEqual([...original].sort());
  expect(await restore('--mode', 'mirror')).toMatchObject({ restored: 0, changed: 0, moved: 0, removed: 0 });
  await programs.expectSilence(server);

  // A mailbox that was deleted.
  const list = programs.present.messages('Lists/Work');
  const lastUid = programs.away.uids('Lists/Work').at(-1)!;
  await inMailbox(server, 'INBOX', (client) => client.mailboxDelete('Lists/Work'));
  await programs.seeLoss(server);
  expect(await restore('--mailbox', 'Lists/Work')).toMatchObject({ restored: 3 });
  // To the one that was away it is the mailbox that it knows, with its UIDVALIDITY.
  await programs.expectDownloads(server, subjects.slice(6));
  expect(programs.present.messages('Lists/Work')).toEqual(list);
  expect(programs.away.uids('Lists/Work')[0]).toBeGreaterThan(lastUid);
  await restore('--mailbox', 'Lists/Work');
  await programs.expectSilence(server);

  // The whole account, deleted with its configuration: none of what they have changes.
  const second = join(directory, 'second');
  expect(await server.command('backup', second)).toMatchObject({ code: 0 });
  expect(await server.command('config', 'account', 'rm', 'you')).toMatchObject({ code: 0 });
  await server.stop();
  await rm(join(server.dataDirectory, 'accounts', 'you'), { recursive: true });
  server = await startTestServer({ directory: place, ports });
  const back = await server.command('restore', second, '--account', 'you');
  expect(back, back.stderr).toMatchObject({ code: 0 });
  await programs.pointTo(server);
  await programs.expectSilence(server);

  // The whole server, as it was before something came and went; twice in a row.
  for (const name of ['once', 'twice']) {
    const late = makeMail();
    await inMailbox(server, 'INBOX', async (client) => {
      await client.append('INBOX', late.bytes);
      await client.messageFlagsAdd('1', ['\\Flagged'], { uid: true });
    });
    await programs.all(server);
    expect(programs.present.messages('INBOX')).toContain(late.subject);
    await server.stop();
    const data = join(directory, name, 'data');
    const whole = await runCommand(['restore', second, data, '--config-dir', join(directory, name, 'config')]);
    expect(whole, whole.stderr).toMatchObject({ code: 0 });
    server = await startTestServer({ directory: join(directory, name), ports });
    await programs.pointTo(server);
    await programs.expectSilence(server);
    expect([...programs.present.messages('INBOX')].sort()).toEqual([...original].sort());
  }
});
