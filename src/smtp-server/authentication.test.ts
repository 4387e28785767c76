import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmtpTestClient } from '../../tests/harness/smtp-test-client.ts';
import { password, startTestServer, type TestSmtpServer } from '../../tests/harness/smtp-test-server.ts';
import { RateLimit } from '../runtime/rate-limit.ts';
import { createClientMechanism } from '../sasl/create-client-mechanism.ts';
import { LoginGuard } from '../sasl/login-guard.ts';
import type { LoginAttempt } from '../store/login-attempts/login-attempt.ts';

let server: TestSmtpServer;
const [starttls, implicit, plaintext] = [0, 1, 2];
beforeAll(async () => {
  server = await startTestServer(
    [
      { kind: 'submission', tls: 'starttls' },
      { kind: 'submission', tls: 'implicit' },
      { kind: 'submission', tls: 'none', allowPlaintextAuth: true },
    ],
    { limits: { smtpTarpitMs: 0, smtpErrors: 100 } },
  );
});
afterAll(() => server[Symbol.asyncDispose]());

async function connect(listener: number): Promise<{ client: SmtpTestClient; extensions: string }> {
  const client = await SmtpTestClient.connect(server.port(listener), listener === implicit);
  await client.reply();
  let extensions = await client.ask('EHLO c.example');
  if (listener === starttls) {
    await client.startTls();
    extensions = await client.ask('EHLO c.example');
  }
  return { client, extensions };
}

/** So many failures of an address. */
function guard(failures: number): LoginGuard {
  const clock = { now: () => Date.UTC(2026, 10, 23) };
  const failedLogins = [new RateLimit({ clock, windowMs: 60_000, limits: [failures, failures, failures] })];
  return new LoginGuard({ clock, failedLogins, delayMs: 0 });
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const login = 'me@restante.example';

/** Logs in as a client does; gives the last reply. */
async function logIn(client: SmtpTestClient, name: string, given: string): Promise<string> {
  const mechanism = createClientMechanism([name], { credentials: { login, password: given }, tls: client.tls });
  if (mechanism?.name !== name) throw new TypeError(`Cannot use ${name}`);
  const initial = mechanism.initialResponse();
  let reply = await client.ask(`AUTH ${name}${initial === undefined ? '' : ` ${initial.toString('base64')}`}`);
  while (reply.startsWith('334 ')) {
    reply = await client.ask((await mechanism.respond(Buffer.from(reply.slice(4), 'base64'))).toString('base64'));
  }
  if (reply.startsWith('235 ')) mechanism.complete();
  return reply;
}

describe('AUTH', () => {
  it.each([
    [starttls, 'PLAIN'],
    [starttls, 'LOGIN'],
    [starttls, 'SCRAM-SHA-1-PLUS'],
    [starttls, 'SCRAM-SHA-256-PLUS'],
    [implicit, 'PLAIN'],
    [implicit, 'SCRAM-SHA-256-PLUS'],
    [plaintext, 'SCRAM-SHA-1'],
    [plaintext, 'SCRAM-SHA-256'],
  ] as const)('on listener %i lets in by %s, with the right password only', async (listener, name) => {
    const { client, extensions } = await connect(listener);
    using _ = client;
    expect(extensions).toMatch(new RegExp(`AUTH .*${name}`));
    if (name === 'PLAIN') expect(await logIn(client, name, 'wrong')).toBe('535 5.7.8 Login or password is wrong');
    expect(await logIn(client, name, password)).toBe('235 2.7.0 Logged in');
    expect(await client.ask('AUTH PLAIN AAAA')).toMatch(/^503 /);
    expect(await client.ask('EHLO c.example')).not.toMatch(/AUTH/);
    expect(await client.ask('MAIL FROM:<me@restante.example>')).toMatch(/^250 /);
  });

  it('refuses mail without login and logins without TLS', async () => {
    using client = await SmtpTestClient.connect(server.port(starttls));
    await client.reply();
    expect(await client.ask('AUTH PLAIN AAAA')).toMatch(/^503 /);
    expect(await client.ask('EHLO c.example')).not.toMatch(/AUTH/);
    await client.play(`
      C: AUTH PLAIN ${base64(`\0${login}\0${password}`)}
      S: 538 5.7.11 Logins need TLS
      C: MAIL FROM:<me@restante.example>
      S: 530 5.7.10 STARTTLS comes first
    `);
    await client.startTls();
    await client.play(`
      C: HELO c.example
      S: 250 *
      C: MAIL FROM:<me@restante.example>
      S: 530 5.7.0 AUTH comes first
    `);
  });

  it('answers what is malformed', async () => {
    const { client } = await connect(plaintext);
    using _ = client;
    await client.play(`
      C: AUTH
      S: 501 5.5.4 *
      C: AUTH CRAM-MD5
      S: 504 5.5.4 *
      C: AUTH SCRAM-SHA-256-PLUS
      S: 504 5.5.4 *
      C: AUTH PLAIN not base64
      S: 501 5.5.4 *
      C: AUTH PLAIN !!!!
      S: 501 5.5.2 *
      C: AUTH PLAIN =
      S: 501 5.5.2 *
      C: AUTH PLAIN ${base64('no separators')}
      S: 501 5.5.2 *
      C: AUTH PLAIN
      S: 334 *
      C: *
      S: 501 5.0.0 *
      C: AUTH LOGIN
      S: 334 VXNlcm5hbWU6
      C: ${base64(login)}
      S: 334 UGFzc3dvcmQ6
      C: ?
      S: 501 5.5.2 *
      C: AUTH SCRAM-SHA-256 ${base64('n,,n=me,r=')}
      S: 501 5.5.2 *
      C: AUTH LOGIN ${base64(login)}
      S: 334 UGFzc3dvcmQ6
      C: ${base64(password)}
      S: 235 2.7.0 Logged in
    `);
  });

  it('takes lines as long as RFC 4954 allows, and closes after longer ones', async () => {
    const { client } = await connect(plaintext);
    using _ = client;
    expect(await client.ask(`AUTH SCRAM-SHA-1 ${'A'.repeat(12_000)}`)).toMatch(/^5/);
    expect(await client.ask(`NOOP ${'A'.repeat(3000)}`)).toMatch(/^500 5\.5\.2 /);
    expect(await client.ask('AUTH LOGIN')).toMatch(/^334 /);
    expect(await client.ask('A'.repeat(13_000))).toBe('500 5.5.2 Line too long');
    await client.closed();
  });

  it('tells of every login', async () => {
    const told: LoginAttempt[] = [];
    await using telling = await startTestServer([{ kind: 'submission', tls: 'implicit' }], {
      limits: { smtpTarpitMs: 0 },
      loginGuard: guard(1),
      recordLogin: (attempt) => told.push(attempt),
    });
    using client = await SmtpTestClient.connect(telling.port(0), true);
    await client.reply();
    await client.ask('EHLO c.example');
    expect(await client.ask('AUTH PLAIN AAAA')).toMatch(/^5/);
    expect(await logIn(client, 'PLAIN', password)).toMatch(/^235 /);
    using other = await SmtpTestClient.connect(telling.port(0), true);
    await other.reply();
    await other.ask('EHLO c.example');
    expect(await logIn(other, 'PLAIN', 'wrong')).toMatch(/^535 /);
    expect(await logIn(other, 'SCRAM-SHA-256', password)).toMatch(/^454 /);
    const all = { remoteAddress: '127.0.0.1', protocol: 'submission', credential: undefined, client: 'c.example' };
    expect(told.map(({ tls, ...rest }) => rest)).toEqual([
      {
        ...all,
        account: undefined,
        login: undefined,
        mechanism: 'PLAIN',
        result: expect.stringMatching(/^(?:malformed|failed)$/),
      },
      { ...all, account: 'me', login, mechanism: 'PLAIN', result: 'succeeded' },
      { ...all, account: undefined, login, mechanism: 'PLAIN', result: 'failed' },
      { ...all, account: undefined, login: undefined, mechanism: 'SCRAM-SHA-256', result: 'refused' },
    ]);
    expect(told[1].tls?.getProtocol()).toBe('TLSv1.3');
  });

  it('refuses all logins from a network after too many failures', async () => {
    await using limited = await startTestServer([{ kind: 'submission', tls: 'none', allowPlaintextAuth: true }], {
      limits: { smtpTarpitMs: 0 },
      loginGuard: guard(2),
    });
    using client = await SmtpTestClient.connect(limited.port(0));
    await client.reply();
    await client.ask('EHLO c.example');
    expect(await logIn(client, 'SCRAM-SHA-1', 'wrong')).toMatch(/^535 /);
    expect(await logIn(client, 'SCRAM-SHA-1', 'wrong')).toMatch(/^535 /);
    expect(await client.ask(`AUTH PLAIN ${base64(`\0${login}\0${password}`)}`)).toMatch(/^454 4\.7\.0 /);
  });

  it('does not tell whether a password was right when too many have been tried, whatever the mechanism', async () => {
    const clock = { now: () => Date.UTC(2026, 10, 23) };
    const accountForLogin = (name: string): string | undefined => (name === login ? 'me' : undefined);
    const ofAccount = { clock, failedLoginsPerAccount: 2, delayMs: 0, accountForLogin };
    await using limited = await startTestServer([{ kind: 'submission', tls: 'none', allowPlaintextAuth: true }], {
      limits: { smtpTarpitMs: 0 },
      loginGuard: new LoginGuard(ofAccount),
    });
    using client = await SmtpTestClient.connect(limited.port(0));
    await client.reply();
    await client.ask('EHLO c.example');
    // Other spellings of the same login.
    for (const spelling of [`\u00ad${login}`, `${login}\u2060`]) {
      expect(await client.ask(`AUTH PLAIN ${base64(`\0${spelling}\0wrong`)}`)).toMatch(/^535 /);
    }
    expect(await client.ask(`AUTH PLAIN ${base64(`\0${login}\0${password}`)}`)).toMatch(/^454 4\.7\.0 Too many/);
    for (const given of ['wrong', password]) {
      const scram = createClientMechanism(['SCRAM-SHA-256'], {
        credentials: { login, password: given },
        tls: undefined,
      })!;
      const challenge = await client.ask(`AUTH SCRAM-SHA-256 ${scram.initialResponse()!.toString('base64')}`);
      const final = await scram.respond(Buffer.from(challenge.slice(4), 'base64'));
      expect(await client.ask(final.toString('base64'))).toMatch(/^454 4\.7\.0 Too many/);
    }
  });

  it('gives a temporary failure when credentials cannot be looked up', async () => {
    await using broken = await startTestServer([{ kind: 'submission', tls: 'none', allowPlaintextAuth: true }], {
      credentials: {
        decoyKey: Buffer.alloc(16),
        verifyPassword: () => Promise.reject(new Error('disk on fire')),
        scramSecrets: () => Promise.reject(new Error('disk on fire')),
      },
    });
    using client = await SmtpTestClient.connect(broken.port(0));
    await client.reply();
    await client.ask('EHLO c.example');
    const reply = await client.ask(`AUTH PLAIN ${base64(`\0${login}\0${password}`)}`);
    expect(reply).toBe('454 4.7.0 Logins do not work at the moment');
  });
});
