import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startImapFixture } from '../../tests/harness/imap-fixture.ts';

it('answers a line that is too long for DONE, and drops all of it', async () => {
  await using server = await startImapFixture();
  const client = await server.login();
  await client.play(`
    C: a IDLE
    S: + idling
    C: ${'x'.repeat(100)} NOOP
    S: a BAD DONE expected
    C: b NOOP
    S: b OK Done
  `);
});

it('takes nothing that APPEND brings before login for commands', async () => {
  await using server = await startImapFixture();
  const client = await server.connect();
  await client.play(`
    C: a APPEND INBOX {12+}\\r\\nx LOGOUT\\r\\n\\r\\n
    S: a BAD Log in first
    C: b NOOP
    S: b OK Done
  `);
});

it('closes a connection that it refuses, whatever the client does, and can stop', async () => {
  const server = await startImapFixture({
    openConnections: [1, 1, 1],
    listeners: [{ address: '127.0.0.1', port: 0, tls: 'none', proxyFrom: ['127.0.0.1'] }],
  });
  // Half-open: these clients don't close their side.
  const clients = [0, 1].map(() => {
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    socket.write('PROXY TCP4 192.0.2.1 192.0.2.2 1000 143\r\n');
    return socket;
  });
  const texts = ['', ''];
  const [refused] = await Promise.race(
    clients.map(async (socket, at) => {
      socket.on('data', (chunk) => (texts[at] += chunk));
      await once(socket, 'end');
      return [at];
    }),
  );
  expect(texts[refused]).toMatch(/^\* BYE \[LIMIT\]/);
  const stopped = server[Symbol.asyncDispose]().then(() => 'stopped');
  expect(await Promise.race([stopped, delay(8_000, 'hangs')])).toBe('stopped');
  for (const socket of clients) socket.destroy();
});
