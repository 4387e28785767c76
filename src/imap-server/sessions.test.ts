import { describe, expect, it } from 'vitest';
import { ImapTestClient } from '../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';
import { systemClock } from '../runtime/clock.ts';
import type { LoginAttempt } from '../store/login-attempts/login-attempt.ts';
import { OpenSessions } from '../store/sessions/open-sessions.ts';

const proxied = { address: '127.0.0.1', port: 0, tls: 'none', proxyFrom: ['127.0.0.0/8'] } as const;

async function start(
  sessionsPerAccount = 100,
  told: LoginAttempt[] = [],
): Promise<ImapFixture & { all: OpenSessions }> {
  const all = new OpenSessions({ clock: systemClock, sessionsPerAccount });
  const server = await startImapFixture({
    sessions: all,
    listeners: [{ address: '127.0.0.1', port: 0, tls: 'none' }, proxied],
    limits: { sessionEndMs: 300 },
    recordLogin: (attempt) => told.push(attempt),
  });
  return { ...server, all };
}

const records = (all: OpenSessions) => all.list({ limit: 100 }).sessions;

async function none(all: OpenSessions): Promise<void> {
  while (records(all).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('sessions that are logged in', () => {
  it('are listed with what they do', async () => {
    await using server = await start();
    using stranger = await server.connect();
    await stranger.ok('NOOP');
    expect(records(server.all)).toEqual([]);
    using client = await server.login('anna');
    expect(records(server.all)).toMatchObject([
      { protocol: 'imap', account: 'anna', login: 'anna', remoteAddress: '127.0.0.1', mechanism: 'LOGIN command' },
    ]);
    expect(records(server.all)).toMatchObject([{ client: undefined, mailbox: undefined, state: 'waiting' }]);
    await client.play(`
      C: b ID ("name" "Mail" "version" "2")
      S: * ID …
      S: b OK …
    `);
    await client.ok('EXAMINE Sent');
    client.send('c IDLE\r\n');
    await client.expect('+ idling');
    const [idling] = records(server.all);
    expect(idling).toMatchObject({ client: 'Mail 2', mailbox: 'Sent', state: 'IDLE' });
    expect(idling.receivedBytes).toBeGreaterThan(50);
    expect(idling.sentBytes).toBeGreaterThan(500);
    expect(idling.since).toBeGreaterThan(Date.now() - 60_000);
    using _other = await server.login('bert');
    expect(server.all.list({ account: 'bert', limit: 10 })).toMatchObject({
      total: 1,
      sessions: [{ account: 'bert' }],
    });
    expect(server.all.list({ limit: 1 })).toMatchObject({ total: 2, sessions: [{ account: 'anna' }] });
    await client.play(`
      C: DONE
      S: c OK …
      C: d UNAUTHENTICATE
      S: d OK …
    `);
    expect(records(server.all)).toMatchObject([{ account: 'bert' }]);
  });

  it('are no more when the connection is gone', async () => {
    await using server = await start();
    using client = await server.login();
    client.socket.destroy();
    await none(server.all);
  });

  it('are ended while they wait, idle, or in the middle of something', async () => {
    await using server = await start();
    using waiting = await server.login();
    using idle = await server.login();
    await idle.play('C: a IDLE\nS: + idling');
    using appending = await server.login();
    await appending.play('C: a APPEND Inbox {1000}\nS: + …');
    const ids = records(server.all).map(({ id }) => id);
    for (const id of ids) expect(server.all.end(id)).toBe(true);
    for (const client of [waiting, idle]) {
      await client.play('S: * BYE The session was ended by the administrator\nS: <closed>');
    }
    // It is not waited for: the client may never send the rest.
    await appending.closed();
    await none(server.all);
    for (const id of [...ids, 9999]) expect(server.all.end(id)).toBe(false);
  });

  it('end with their password, and only those that it has let in', async () => {
    await using server = await start();
    using anna = await server.login('anna');
    using bert = await server.login('bert');
    server.all.revoke('anna', 'app:1');
    await anna.ok('NOOP');
    server.all.revoke('anna', undefined);
    await anna.play('S: * BYE The password or certificate is not valid any more\nS: <closed>');
    await bert.ok('NOOP');
    using again = await server.login('anna');
    await again.ok('NOOP');
  });

  it('do not begin by a password that changes while it is checked', async () => {
    const all = new OpenSessions({ clock: systemClock });
    const checked = Promise.withResolvers<void>();
    const told: LoginAttempt[] = [];
    await using server = await startImapFixture({
      sessions: all,
      recordLogin: (attempt) => told.push(attempt),
      credentials: {
        decoyKey: Buffer.alloc(32),
        scramSecrets: async () => undefined,
        async verifyPassword() {
          all.revoke('anna', undefined);
          await checked.promise;
          return { account: 'anna' };
        },
      },
    });
    using client = await server.connect();
    client.send('a LOGIN anna old\r\n');
    checked.resolve();
    await client.play('S: a NO [UNAVAILABLE] …\nC: b SELECT Inbox\nS: b BAD …');
    expect(told).toMatchObject([{ account: 'anna', result: 'temporary' }]);
    expect(records(all)).toEqual([]);
  });
});

describe('sessions of one account', () => {
  it('are limited in number, but for those of this machine', async () => {
    const told: LoginAttempt[] = [];
    await using server = await start(2, told);
    const connect = (from: string) => ImapTestClient.connect(server.ports[1], false, { from });
    const clients: ImapTestClient[] = [];
    for (const from of ['198.51.100.1', '203.0.113.1', '192.0.2.77']) clients.push(await connect(from));
    const [first, second, third] = clients;
    await first.ok('LOGIN anna secret');
    await second.ok('LOGIN anna secret');
    await third.play(`
      C: a LOGIN anna secret
      S: a NO [LIMIT] The account has too many sessions open: close some, or try again later
      C: b LOGIN anna wrong
      S: b NO [AUTHENTICATIONFAILED] …
    `);
    expect(told.map(({ result }) => result)).toContain('limited');
    using _own = await server.login('anna');
    await third.ok('LOGIN bert secret');
    await third.ok('UNAUTHENTICATE');
    await first.play('C: x LOGOUT\nS: * BYE …\nS: x OK …\nS: <closed>');
    await third.ok('LOGIN anna secret');
    for (const client of clients) client[Symbol.dispose]();
  });
});
