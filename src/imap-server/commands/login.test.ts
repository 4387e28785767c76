import { afterAll, beforeAll, describe, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';
import { RateLimit } from '../../runtime/rate-limit.ts';

let server: ImapFixture;
let strict: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
  strict = await startImapFixture({
    listeners: [{ address: '127.0.0.1', port: 0, tls: 'none', allowPlaintextAuth: false }],
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await strict[Symbol.asyncDispose]();
});

const plain = (login: string, password: string): string => Buffer.from(`\0${login}\0${password}`).toString('base64');

describe('LOGIN', () => {
  it('takes atoms, quoted strings and literals', async () => {
    const client = await server.connect();
    await client.play(String.raw`
      C: a LOGIN {2}
      S: + OK
      C: me {6}
      S: + OK
      C: secret
      S: a OK [CAPABILITY IMAP4rev2 IMAP4rev1 … APPENDLIMIT=…] Logged in
      C: b LOGIN me secret
      S: b BAD You are logged in already
    `);
    const other = await server.connect();
    await other.play('C: a LOGIN "me" {6+}\nC: secret\nS: a OK …');
  });

  it('says the same for a wrong password and an unknown login, and ends the connection after five', async () => {
    const client = await server.connect();
    await client.play(`
      C: a LOGIN me wrong
      S: a NO [AUTHENTICATIONFAILED] Login failed
      C: b LOGIN nobody secret
      S: b NO [AUTHENTICATIONFAILED] Login failed
      C: c SELECT INBOX
      S: c BAD Log in first
      C: d LOGIN me wrong
      S: d NO …
      C: e LOGIN me wrong
      S: e NO …
      C: f LOGIN me wrong
      S: * BYE Too many failed logins
      S: f NO [AUTHENTICATIONFAILED] Login failed
      S: <closed>
    `);
  });

  it('is refused without TLS, unless that is allowed', async () => {
    const client = await strict.connect();
    await client.play(`
      C: a CAPABILITY
      S: * CAPABILITY IMAP4rev2 IMAP4rev1 LITERAL+ SASL-IR ENABLE ID LOGINDISABLED
      S: a OK Done
      C: b LOGIN me secret
      S: b NO [PRIVACYREQUIRED] …
      C: c AUTHENTICATE PLAIN
      S: c NO [PRIVACYREQUIRED] …
    `);
  });

  it('is limited by address', async () => {
    const clock = { now: () => 0 };
    const limit = new RateLimit({ clock, windowMs: 60_000, limits: [2, 2, 2] });
    await using limited = await startImapFixture({ failedLogins: [limit] });
    const client = await limited.connect();
    await client.play(`
      C: a LOGIN me wrong
      S: a NO [AUTHENTICATIONFAILED] …
      C: b LOGIN me wrong
      S: b NO [AUTHENTICATIONFAILED] …
      C: c LOGIN me secret
      S: c NO [LIMIT] …
    `);
  });
});

describe('AUTHENTICATE', () => {
  it('takes an initial response', async () => {
    const client = await server.connect();
    await client.play(`
      C: a AUTHENTICATE PLAIN ${plain('me', 'secret')}
      S: a OK [CAPABILITY …] Logged in
    `);
  });

  it('asks for a response, which may be taken back', async () => {
    const client = await server.connect();
    await client.play(`
      C: a AUTHENTICATE PLAIN
      S: +…
      C: *
      S: a BAD Login was given up
      C: b AUTHENTICATE PLAIN
      S: +…
      C: not base64!
      S: b BAD …
      C: c AUTHENTICATE LOGIN
      S: + VXNlcm5hbWU6
      C: bWU=
      S: + UGFzc3dvcmQ6
      C: c2VjcmV0
      S: c OK …
    `);
  });

  it('refuses mechanisms that are not offered', async () => {
    const client = await server.connect();
    await client.play(`
      C: a AUTHENTICATE CRAM-MD5
      S: a NO [CANNOT] …
      C: b AUTHENTICATE SCRAM-SHA-256-PLUS
      S: b NO [CANNOT] …
    `);
  });
});
