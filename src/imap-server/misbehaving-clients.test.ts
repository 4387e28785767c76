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
  const server = await startImapFixture({ openConnections: [1, 1, 1] });
  await server.connect();
  // Half-open: this client doesn't close its side.
  const refused = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  refused.on('error', () => {});
  let text = '';
  refused.on('data', (chunk) => (text += chunk));
  await once(refused, 'end');
  expect(text).toMatch(/^\* BYE \[LIMIT\]/);
  const stopped = server[Symbol.asyncDispose]().then(() => 'stopped');
  expect(await Promise.race([stopped, delay(8_000, 'hangs')])).toBe('stopped');
  refused.destroy();
});
