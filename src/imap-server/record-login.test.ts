import { expect, it } from 'vitest';
import { startImapFixture } from '../../tests/harness/imap-fixture.ts';
import type { LoginAttempt } from '../store/login-attempts/login-attempt.ts';

it('the server tells of every login', async () => {
  const told: LoginAttempt[] = [];
  await using server = await startImapFixture({ recordLogin: (attempt) => told.push(attempt) });
  using client = await server.connect();
  await client.play(`
    C: a LOGIN anna wrong
    S: a NO [AUTHENTICATIONFAILED] …
    C: b AUTHENTICATE PLAIN !!!!
    S: b BAD …
    C: c AUTHENTICATE PLAIN AGFubmEAc2VjcmV0
    S: c OK …
  `);
  const all = { remoteAddress: '127.0.0.1', protocol: 'imap', tls: undefined };
  expect(told).toEqual([
    { ...all, account: undefined, login: 'anna', mechanism: 'LOGIN command', result: 'failed' },
    { ...all, account: 'anna', login: 'anna', mechanism: 'PLAIN', result: 'succeeded' },
  ]);
});
