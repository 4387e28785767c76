import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../src/runtime/rate-limit.ts';
import { LoginGuard, type LoginGuardOptions } from '../../src/sasl/login-guard.ts';
import type { LoginAttempt } from '../../src/store/login-attempts/login-attempt.ts';
import { ImapTestClient } from '../harness/imap-client.ts';
import { startImapFixture } from '../harness/imap-fixture.ts';
import { SmtpTestClient } from '../harness/smtp-test-client.ts';
import { password, startTestServer } from '../harness/smtp-test-server.ts';

const clock = { now: () => Date.UTC(2026, 10, 27) };
const proxyFrom = ['127.0.0.0/8'];

/** Both servers with one guard, as the whole server has them. */
async function start(options: Partial<LoginGuardOptions>) {
  const loginGuard = new LoginGuard({ clock, delayMs: 0, ...options });
  const told: LoginAttempt[] = [];
  const shared = { loginGuard, recordLogin: (attempt: LoginAttempt) => told.push(attempt) };
  const stack = new AsyncDisposableStack();
  const imap = stack.use(
    await startImapFixture({ ...shared, listeners: [{ address: '127.0.0.1', port: 0, tls: 'none', proxyFrom }] }),
  );
  const smtp = stack.use(
    await startTestServer([{ kind: 'submission', tls: 'none', allowPlaintextAuth: true, proxyFrom }], shared),
  );
  return {
    told,
    /** @returns the status and code that the answer begins with */
    async imap(from: string, login: string, given: string): Promise<string> {
      using client = await ImapTestClient.connect(imap.port, false, { from });
      return (await client.command(`LOGIN ${login} ${given}`)).tagged.replace(/^(\w+ \[\w+).*$/, '$1]');
    },
    async smtp(from: string, login: string, given: string): Promise<string> {
      using client = await SmtpTestClient.connect(smtp.port(0));
      client.send(`PROXY TCP4 ${from} 192.0.2.1 1000 587\r\n`);
      await client.reply();
      await client.ask('EHLO c.example');
      const reply = await client.ask(`AUTH PLAIN ${Buffer.from(`\0${login}\0${given}`).toString('base64')}`);
      return reply.slice(0, 3);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const login = 'me@restante.example';

describe('failed logins', () => {
  it('by one protocol count for the other, by address', async () => {
    const limit = (): RateLimit => new RateLimit({ clock, windowMs: 3_600_000, limits: [2, 20, 20] });
    await using servers = await start({ failedLogins: [limit()] });
    expect(await servers.imap('198.51.100.1', 'me', 'wrong')).toBe('NO [AUTHENTICATIONFAILED]');
    expect(await servers.smtp('198.51.100.1', login, 'wrong')).toBe('535');
    expect(await servers.imap('198.51.100.1', 'me', 'secret')).toBe('NO [LIMIT]');
    expect(await servers.smtp('198.51.100.1', login, password)).toBe('454');
    expect(await servers.smtp('198.51.100.2', login, password)).toBe('235');
    expect(await servers.imap('198.51.100.2', 'me', 'secret')).toBe('OK [CAPABILITY]');
  });

  it('of an account from everywhere count together: where it was not used before, right and wrong are answered alike', async () => {
    await using servers = await start({
      failedLoginsPerAccount: 2,
      accountForLogin: (given) => (given.startsWith('me') ? 'me' : undefined),
      isKnown: async (account, address) => account === 'me' && address === '203.0.113.50',
    });
    expect(await servers.imap('198.51.100.1', 'me', 'wrong')).toBe('NO [AUTHENTICATIONFAILED]');
    expect(await servers.smtp('198.51.100.2', login, 'wrong')).toBe('535');
    for (const given of ['wrong', 'secret']) {
      expect(await servers.imap('198.51.100.3', 'me', given)).toBe('NO [LIMIT]');
    }
    for (const given of ['wrong', password]) expect(await servers.smtp('198.51.100.4', login, given)).toBe('454');
    expect(servers.told.slice(2).map(({ result }) => result)).toEqual(['refused', 'refused', 'refused', 'refused']);
    expect(await servers.imap('203.0.113.50', 'me', 'secret')).toBe('OK [CAPABILITY]');
    expect(await servers.smtp('203.0.113.50', login, password)).toBe('235');
    expect(await servers.smtp('203.0.113.50', login, 'wrong')).toBe('535');
    expect(await servers.imap('198.51.100.3', 'other', 'secret')).toBe('OK [CAPABILITY]');
  });

  it('make the next wait longer, whichever protocol it is', async () => {
    await using servers = await start({ delayMs: 200 });
    const timed = async (work: Promise<string>): Promise<number> => {
      const before = performance.now();
      await work;
      return performance.now() - before;
    };
    // Timers may end a millisecond early.
    expect(await timed(servers.imap('198.51.100.1', 'me', 'wrong'))).toBeGreaterThan(195);
    expect(await timed(servers.smtp('198.51.100.1', login, 'wrong'))).toBeGreaterThan(395);
    expect(await timed(servers.imap('198.51.100.1', 'me', 'wrong'))).toBeGreaterThan(595);
  });
});
