import { describe, expect, it } from 'vitest';
import { SmtpTestClient } from '../../tests/harness/smtp-test-client.ts';
import { password, startTestServer, type TestSmtpServer } from '../../tests/harness/smtp-test-server.ts';
import { systemClock } from '../runtime/clock.ts';
import { OpenSessions } from '../store/sessions/open-sessions.ts';

const plain = `AUTH PLAIN ${Buffer.from(`\0me@restante.example\0${password}`).toString('base64')}`;

async function start(sessionsPerAccount = 100): Promise<TestSmtpServer & { all: OpenSessions }> {
  const all = new OpenSessions({ clock: systemClock, sessionsPerAccount });
  const listener = { kind: 'submission', tls: 'none', allowPlaintextAuth: true } as const;
  const server = await startTestServer([listener, { ...listener, proxyFrom: ['127.0.0.0/8'] }], {
    sessions: all,
    limits: { sessionEndMs: 300 },
  });
  return { ...server, all };
}

async function connect(server: TestSmtpServer, from?: string): Promise<SmtpTestClient> {
  const client = await SmtpTestClient.connect(server.port(from === undefined ? 0 : 1));
  if (from !== undefined) client.send(`PROXY TCP4 ${from} 192.0.2.1 1000 587\r\n`);
  await client.reply();
  await client.ask('EHLO phone.example');
  return client;
}

const records = (all: OpenSessions) => all.list({ limit: 100 }).sessions;

async function none(all: OpenSessions): Promise<void> {
  while (records(all).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('sessions of submission', () => {
  it('are listed once they are logged in, until they end', async () => {
    await using server = await start();
    using client = await connect(server);
    expect(records(server.all)).toEqual([]);
    expect(await client.ask(plain)).toMatch(/^235 /);
    const [record] = records(server.all);
    expect(record).toMatchObject({
      ...{ protocol: 'submission', account: 'me', login: 'me@restante.example', mechanism: 'PLAIN' },
      ...{ client: 'phone.example', mailbox: undefined, state: 'waiting', remoteAddress: '127.0.0.1' },
    });
    expect(record.receivedBytes).toBeGreaterThan(20);
    expect(record.sentBytes).toBeGreaterThan(20);
    await client.ask('MAIL FROM:<me@restante.example>');
    await client.ask('RCPT TO:<you@restante.example>');
    expect(await client.ask('DATA')).toMatch(/^354 /);
    expect(records(server.all)).toMatchObject([{ state: 'DATA' }]);
    client.socket.destroy();
    await none(server.all);
  });

  it('are ended while they wait, within a transaction, or in the middle of a message', async () => {
    await using server = await start();
    using waiting = await connect(server);
    using started = await connect(server);
    using sending = await connect(server);
    for (const client of [waiting, started, sending]) await client.ask(plain);
    for (const client of [started, sending]) await client.ask('MAIL FROM:<me@restante.example>');
    await sending.ask('RCPT TO:<you@restante.example>');
    await sending.ask('DATA');
    sending.send('Subject: never whole\r\n');
    server.all.revoke('me', undefined);
    for (const client of [waiting, started]) {
      expect(await client.closed()).toBe('421 4.7.0 The password or certificate is not valid any more\r\n');
    }
    expect(await sending.closed()).toBe('');
    await none(server.all);
    expect(server.submissions).toEqual([]);
  });

  it('are limited for an account', async () => {
    await using server = await start(1);
    using first = await connect(server, '198.51.100.1');
    using second = await connect(server, '203.0.113.1');
    expect(await first.ask(plain)).toMatch(/^235 /);
    expect(await second.ask(plain)).toBe('454 4.7.0 The account has too many sessions open, try again later');
    expect(await second.ask('MAIL FROM:<me@restante.example>')).toMatch(/^530 /);
    await first.ask('QUIT');
    await none(server.all);
    expect(await second.ask(plain)).toMatch(/^235 /);
  });
});
