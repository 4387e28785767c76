import { afterAll, beforeAll, describe, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';
import { RateLimit } from '../../runtime/rate-limit.ts';
import { LoginGuard } from '../../sasl/login-guard.ts';

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
    await using limited = await startImapFixture({
      loginGuard: new LoginGuard({ clock, failedLogins: [limit], delayMs: 0 }),
    });
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

describe('UNAUTHENTICATE', () => {
  it('goes back to before login, and forgets what the client had turned on', async () => {
    const client = await server.login('me');
    await client.append('INBOX', 'Subject: x\n\ny', '(\\Deleted) ');
    await client.play(String.raw`
      C: a ENABLE IMAP4rev2 QRESYNC UTF8=ACCEPT
      S: * ENABLED …
      S: a OK Done
      C: b SELECT INBOX
      S: …
      S: …
      S: * 1 EXISTS
      S: …
      S: …
      S: …
      S: …
      S: …
      S: …
      S: b OK …
      C: c UNAUTHENTICATE now
      S: c BAD …
      C: d UNAUTHENTICATE
      S: d OK [CAPABILITY … AUTH=PLAIN…] Logged out
      C: e UNAUTHENTICATE
      S: e BAD Log in first
      C: f FETCH 1 FLAGS
      S: f BAD Log in first
      C: g LOGIN you secret
      S: g OK …
      C: h FETCH 1 FLAGS
      S: h BAD Select a mailbox first
      C: i SELECT INBOX (QRESYNC (1 1))
      S: i BAD Enable QRESYNC first
      C: j STATUS INBOX (MESSAGES)
      S: * STATUS "INBOX" (MESSAGES 0)
      S: j OK Done
      C: k UNAUTHENTICATE
      S: k OK …
      C: l LOGIN me secret
      S: l OK …
      C: m STATUS INBOX (MESSAGES DELETED)
      S: * STATUS "INBOX" (MESSAGES 1 DELETED 1)
      S: m OK Done
    `);
  });
});
