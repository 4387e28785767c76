import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCommand, startTestServer, type TestPorts, type TestServer } from '../harness/start-test-server.ts';
import { makeMail } from './make-mail.ts';
import { MbsyncClient } from './mbsync-client.ts';
import { openImap, type Reader } from './read-mail.ts';
import { runPeer } from './run-peer.ts';
import { readServerState, type ServerState } from './server-state.ts';

/** Deliveries one after the other until told to stop. @returns how many were taken */
async function load(server: TestServer, signal: AbortSignal): Promise<number> {
  let count = 0;
  while (!signal.aborted) {
    const { code } = await runPeer('swaks', [
      ...['--server', '127.0.0.1', '--port', String(server.ports.smtp)],
      ...['--from', 'you@peer.example', '--to', 'busy@example.org'],
    ]);
    if (code === 0) count++;
  }
  return count;
}

/** What a restore keeps. UIDNEXT and MODSEQs jump ahead of all that clients may have seen after the backup. */
function lasting(state: ServerState): object {
  return Object.entries(state).map(([mailbox, { uidValidity, messages }]) => {
    const kept = Object.entries(messages).map(([uid, facts]) => [uid, facts.replace(/^\d+ /, '')]);
    return [mailbox, uidValidity, kept];
  });
}

it('a restored server has nothing new for mbsync, and what changes then is synchronised as ever', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restante-peers-'));
  try {
    const backup = join(directory, 'backup');
    const restored = join(directory, 'restored');
    let before: { server: ServerState; local: Record<string, string> };
    let mbsync: MbsyncClient;
    let ports: TestPorts;
    const reader = (server: TestServer): Reader => {
      return { host: '127.0.0.1', port: server.ports.imap, user: 'me@example.org', password: 'secret' };
    };
    {
      await using server = await startTestServer({ accounts: ['me', 'busy'] });
      ports = server.ports;
      await using client = await openImap(reader(server));
      await client.mailboxCreate('Lists/Work');
      for (let at = 0; at < 8; at++) {
        const flags = at % 2 === 0 ? ['\\Seen', '\\Flagged'] : [];
        await client.append(
          at < 4 ? 'INBOX' : 'Lists/Work',
          makeMail({ eightBit: true, bodyBytes: at * 10_000 }).bytes,
          flags,
        );
      }
      await client.mailboxOpen('INBOX');
      await client.messageMove('1', 'Archive', { uid: true });
      await client.messageDelete('2', { uid: true });
      const certificateFile = join(server.dataDirectory, 'tls', 'selfsigned.pem');
      mbsync = await MbsyncClient.create(directory, { ...reader(server), tls: 'STARTTLS', certificateFile });
      for (let run = 0; run < 2; run++) expect(await mbsync.run()).toMatchObject({ code: 0 });

      // A backup is taken while mail for somebody else comes in.
      const stop = new AbortController();
      const loading = load(server, stop.signal);
      before = { server: await readServerState(reader(server)), local: await mbsync.state() };
      const taken = await server.command('backup', backup);
      stop.abort();
      expect(await loading).toBeGreaterThanOrEqual(0);
      expect(taken).toMatchObject({ code: 0, stderr: '' });
      expect(taken.stdout).toMatch(/backup: complete, \d+ files, /);
      expect(await server.command('verifydata', backup)).toMatchObject({ code: 0 });
      // The data of the server at work is proven too.
      expect(await server.command('verifydata', server.dataDirectory)).toMatchObject({ code: 0 });
      // What comes after the backup is lost with the old server.
      await client.append('INBOX', makeMail().bytes);
    }
    const config = join(restored, 'config');
    const restore = await runCommand(['restore', backup, join(restored, 'data'), '--config-dir', config]);
    expect(restore, restore.stderr).toMatchObject({ code: 0 });
    expect(await runCommand(['verifydata', join(restored, 'data')])).toMatchObject({ code: 0 });

    await using server = await startTestServer({ directory: restored, ports });
    const certificateFile = join(server.dataDirectory, 'tls', 'selfsigned.pem');
    await mbsync.pointTo({ ...reader(server), tls: 'STARTTLS', certificateFile });
    const found = await readServerState(reader(server));
    expect(lasting(found)).toEqual(lasting(before.server));
    const synced = await mbsync.run();
    expect(synced, synced.stderr).toMatchObject({ code: 0 });
    expect({ server: await readServerState(reader(server)), local: await mbsync.state() }).toEqual({
      server: found,
      local: before.local,
    });

    // It is the same server: new messages and flags go both ways.
    await using client = await openImap(reader(server));
    const mail = makeMail();
    await client.append('INBOX', mail.bytes);
    await mbsync.put('INBOX', makeMail().bytes, 'late', 'S');
    expect(await mbsync.run()).toMatchObject({ code: 0 });
    expect((await mbsync.messages('INBOX')).has(mail.subject)).toBe(true);
    expect(await client.status('INBOX', { messages: true })).toMatchObject({ messages: 4 });
    await client.logout();
    await server.stop();

    // The same backup once more: what came in between is gone, and nothing else is.
    const again = join(directory, 'again');
    const second = await runCommand(['restore', backup, join(again, 'data')]);
    expect(second, second.stderr).toMatchObject({ code: 0 });
    await using last = await startTestServer({ directory: again, ports });
    const lastCertificate = join(last.dataDirectory, 'tls', 'selfsigned.pem');
    await mbsync.pointTo({ ...reader(last), tls: 'STARTTLS', certificateFile: lastCertificate });
    for (let run = 0; run < 2; run++) expect(await mbsync.run()).toMatchObject({ code: 0 });
    const after = await readServerState(reader(last));
    expect(lasting(after)).toEqual(lasting(before.server));
    expect([...(await mbsync.messages('INBOX')).keys()].length).toBe(Object.keys(after.INBOX!.messages).length);
    for (const [mailbox, { uidNext }] of Object.entries(after)) {
      expect(uidNext, mailbox).toBeGreaterThan(found[mailbox]!.uidNext);
    }
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
});
