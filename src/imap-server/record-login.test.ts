import { describe, expect, it } from 'vitest';
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
    C: d NOOP
    S: d OK …
  `);
  const all = { remoteAddress: '127.0.0.1', protocol: 'imap', tls: undefined };
  expect(told).toEqual([
    {
      ...all,
      account: undefined,
      login: 'anna',
      mechanism: 'LOGIN command',
      credential: undefined,
      client: undefined,
      result: 'failed',
    },
    {
      ...all,
      account: 'anna',
      login: 'anna',
      mechanism: 'PLAIN',
      credential: undefined,
      client: undefined,
      result: 'succeeded',
    },
  ]);
});

describe('what the client says it is', () => {
  const login = 'C: a LOGIN anna secret\nS: a OK …\n';
  const id = (fields: string) => `C: b ID (${fields})\nS: * ID …\nS: b OK …\n`;

  // RFC 2971 §3.3
  const thirtyFields = Array.from({ length: 30 }, (_, i) => `"${`${i}`.padEnd(30, 'f')}" "${'y'.repeat(1024)}"`).join(
    ' ',
  );

  it.each([
    ['before login', id('"name" "K-9 Mail" "version" "8.0"') + login, 'K-9 Mail 8.0'],
    ['after it', login + id('"version" "1" "NAME" "Mail"'), 'Mail 1'],
    [
      'after CAPABILITY',
      `${login}C: c CAPABILITY\nS: * CAPABILITY …\nS: c OK …\n${id('"name" NIL "vendor" "Some"')}`,
      'Some',
    ],
    ['without a word', `${login}C: b ID NIL\nS: * ID …\nS: b OK …`, undefined],
    ['too late', `${login}C: c NOOP\nS: c OK …\n${id('"name" "Mail"')}`, undefined],
    ['never', `${login}C: c LOGOUT\nS: * BYE …\nS: c OK …`, undefined],
    ['at great length', id(`"name" "${'x'.repeat(900)}"`) + login, 'x'.repeat(100)],
    ['in as many fields as there may be', id(thirtyFields) + login, 'y'.repeat(100)],
  ])('%s, is told with the login', async (_when, transcript, client) => {
    const told: LoginAttempt[] = [];
    await using server = await startImapFixture({ recordLogin: (attempt) => told.push(attempt) });
    using connected = await server.connect();
    await connected.play(transcript);
    expect(told).toEqual([expect.objectContaining({ account: 'anna', result: 'succeeded', client })]);
  });

  it('is not waited for longer than some seconds, nor after the end', async () => {
    for (const end of [false, true]) {
      const told = Promise.withResolvers<LoginAttempt>();
      await using server = await startImapFixture({
        recordLogin: told.resolve,
        limits: { loginClientMs: end ? 600_000 : 10 },
      });
      const client = await server.login('anna');
      if (end) client[Symbol.dispose]();
      expect(await told.promise).toMatchObject({ account: 'anna', client: undefined });
    }
  });
});
