import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ImapAnswer, ImapTestClient } from '../harness/imap-client.ts';
import { SmtpTestClient } from '../harness/smtp-test-client.ts';
import { launcher, runCommand, startTestServer, type TestServer } from '../harness/start-test-server.ts';
import { keyedMessage, keyOf, newKey, wrongBytes } from './load/keyed-message.ts';
import { verify } from './load/kill-rounds.ts';
import { queueIsEmpty } from './load/server-load.ts';
import { mountSmallDisk, noDiskReason } from './load/small-disk.ts';

const reason = noDiskReason();
const sizeBytes = 180 * 1024 * 1024;

async function connect(server: TestServer, login: boolean): Promise<SmtpTestClient> {
  const client = await SmtpTestClient.connect(login ? server.ports.submission : server.ports.smtp);
  await client.reply();
  await client.ask('EHLO load.example');
  const plain = Buffer.from('\0a0@example.org\0secret').toString('base64');
  if (login) expect(await client.ask(`AUTH PLAIN ${plain}`)).toMatch(/^235/);
  return client;
}

/** @returns the reply that decided on the message */
async function send(client: SmtpTestClient, key: string, recipients: readonly string[]): Promise<string> {
  for (const command of ['MAIL FROM:<a0@example.org>', ...recipients.map((to) => `RCPT TO:<${to}@example.org>`)]) {
    const reply = await client.ask(command);
    if (!reply.startsWith('250')) {
      await client.ask('RSET');
      return reply;
    }
  }
  const ready = await client.ask('DATA');
  if (!ready.startsWith('354')) return ready;
  client.send(`${keyedMessage(key)}.\r\n`);
  return await client.reply();
}

async function append(client: ImapTestClient, mailbox: string, key: string): Promise<ImapAnswer> {
  const bytes = keyedMessage(key);
  return await client.command(`APPEND ${mailbox} {${bytes.length}}\r\n${bytes}`);
}

/** Keys of all messages in a mailbox; each must have the bytes it was sent with. */
async function keysIn(client: ImapTestClient, mailbox: string): Promise<string[]> {
  await client.ok(`SELECT ${mailbox}`);
  const lines = await client.ok('UID FETCH 1:* (BODY.PEEK[])');
  return lines
    .filter((line) => / FETCH \(/.test(line))
    .map((line) => {
      const [head, size] = /\{(\d+)\}\r\n/.exec(line) ?? [];
      const from = line.indexOf(head!) + head!.length;
      const text = line.slice(from, from + Number(size));
      const key = keyOf(text) ?? '';
      expect(wrongBytes(key, text)).toBeUndefined();
      return key;
    })
    .sort();
}

describe.skipIf(reason !== undefined)(`a full disk${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  it('refuses mail for now, loses none that was acknowledged, and goes on when there is room', async () => {
    await using disk = await mountSmallDisk(sizeBytes);
    const accounts = ['a0', 'a1'];
    let server = await startTestServer({ directory: disk.path, accounts });
    onTestFinished(() => server.kill());
    const expected = { a0: new Set<string>(), a1: new Set<string>(), Sent: new Set<string>() };
    // One recipient may have it, and its sender is told to send it again, when not even the queue can take it for the other.
    const unsettled = new Set<string>();
    const refused = new Set<string>();
    let number = 0;
    const full = async (round: number): Promise<void> => {
      // Little room, and each time another amount, so that the end comes at another step.
      await disk.fill(600_000 + round * 77_000);
      const senders = [false, false, true].map(async (login) => {
        using client = await connect(server, login);
        for (let refusals = 0; refusals < 6; ) {
          const key = newKey(login ? 'q' : 'd', ++number, refusals === 0 ? 20_000 : 500 * refusals);
          const reply = await send(client, key, accounts);
          if (reply.startsWith('250')) for (const account of accounts) expected[account as 'a0' | 'a1'].add(key);
          else {
            refused.add(reply);
            if (!login) unsettled.add(key);
            refusals++;
          }
        }
      });
      const appender = async (): Promise<void> => {
        using client = await ImapTestClient.login(server.ports.imap, 'a0@example.org');
        for (let refusals = 0; refusals < 6; ) {
          const key = newKey('a', ++number, 10_000);
          const { tagged } = await append(client, 'Sent', key);
          if (tagged.startsWith('OK')) expected.Sent.add(key);
          else {
            refused.add(tagged);
            refusals++;
          }
        }
        // Reading goes on. What a flag change says, must be so.
        await client.ok('SELECT Sent');
        const { tagged } = await client.command('STORE 1:* +FLAGS (\\Seen)');
        expect(tagged).toMatch(/^(?:OK|NO) /);
        await client.ok('SEARCH SEEN');
      };
      await Promise.all([...senders, appender()]);
    };
    const check = async (): Promise<void> => {
      // What came through the queue while the disk was full waits for its next attempt.
      await queueIsEmpty(server, () => server.command('queue', 'schedule', '--all', '--now'));
      for (const account of ['a0', 'a1'] as const) {
        using client = await ImapTestClient.login(server.ports.imap, `${account}@example.org`);
        const found = await keysIn(client, 'INBOX');
        expect(found.filter((key) => !unsettled.has(key))).toEqual([...expected[account]].sort());
        expect(new Set(found).size).toBe(found.length);
        if (account === 'a0') expect(await keysIn(client, 'Sent')).toEqual([...expected.Sent].sort());
      }
    };
    for (let round = 0; round < 4; round++) {
      await full(round);
      await disk.free();
      {
        using client = await connect(server, false);
        const key = newKey('d', ++number, 5000);
        expect(await send(client, key, ['a0'])).toMatch(/^250/);
        expected.a0.add(key);
        using imap = await ImapTestClient.login(server.ports.imap, 'a0@example.org');
        await imap.append('Drafts', keyedMessage(newKey('a', ++number, 100)));
      }
      await check();
    }
    for (const reply of refused) expect(reply).toMatch(/^(?:452 4\.3\.1 |NO \[UNAVAILABLE\])/);
    await full(9);
    await server.kill();
    await disk.free();
    await verify(server.dataDirectory);
    server = await startTestServer({ directory: disk.path, accounts, ports: server.ports });
    await check();
    await server.stop();
    await verify(server.dataDirectory);
  });

  it('ends a backup cleanly and leaves nothing of it', async () => {
    await using disk = await mountSmallDisk(2 * 1024 * 1024);
    await using server = await startTestServer({ accounts: ['a0'] });
    using client = await connect(server, false);
    for (let number = 0; number < 40; number++) {
      expect(await send(client, newKey('d', number, 100_000), ['a0'])).toMatch(/^250/);
    }
    const failed = await server.command('backup', join(disk.path, 'backup'));
    expect(failed).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/no space|ENOSPC|full|too small/i),
    });
    expect(await readdir(disk.path)).toEqual([]);
    const again = await server.command('backup', join(server.directory, 'backup'));
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('complete') });
    expect(await send(client, newKey('d', 41, 1000), ['a0'])).toMatch(/^250/);
  });
});

describe.skipIf(reason !== undefined)('a small disk that is full', { timeout: 180_000 }, () => {
  it('takes no backup, no restore and no proof for done, and leaves nothing that looks like one', async () => {
    await using disk = await mountSmallDisk(6 * 1024 * 1024);
    await using server = await startTestServer();
    using client = await ImapTestClient.login(server.ports.imap, 'me@example.org');
    for (let number = 0; number < 30; number++) await append(client, 'INBOX', newKey('f', number, 100_000));
    const good = join(server.directory, 'good');
    expect((await server.command('backup', '--copy', good)).code).toBe(0);

    // Known to be too small beforehand, or not until it is full.
    await disk.fill(1024 * 1024);
    for (const way of ['--copy', '--link']) {
      const refused = await server.command('backup', way, join(disk.path, 'backup'));
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('its file system is too small') });
    }
    const restore = await runCommand(['restore', good, join(disk.path, 'restored', 'data')]);
    expect(restore).toMatchObject({ code: 1, stderr: expect.stringMatching(/Cannot restore to .*ENOSPC/) });
    expect((await readdir(disk.path)).filter((name) => name !== 'ballast')).toEqual([]);

    // The databases of a data directory that was not closed are looked at in a place of their own, for which there is no room.
    await server.kill();
    const proof = await new Promise<{ code: number; output: string }>((resolve) => {
      const child = spawn(process.execPath, [launcher, 'verifydata', '--config', server.configPath], {
        env: { ...process.env, TMPDIR: disk.path },
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
      child.once('close', (code) => resolve({ code: code ?? -1, output }));
    });
    if (proof.code === 0) expect(proof.output).toContain(': OK');
    else expect(proof.output).toMatch(/no space left|disk is full/i);
    await disk.free();
    expect((await runCommand(['verifydata', good])).code).toBe(0);
    expect((await runCommand(['verifydata', '--config', server.configPath])).code).toBe(0);
    expect((await runCommand(['restore', good, join(disk.path, 'restored', 'data')])).code).toBe(0);
  });
});
