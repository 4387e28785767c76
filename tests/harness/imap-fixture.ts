import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestEngine } from '../../src/database/sqlite/test-engine-fixture.ts';
import { type ImapServerOptions, startImapServer } from '../../src/imap-server/start-imap-server.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import type { CredentialSource } from '../../src/sasl/credential-source.ts';
import { LoginGuard } from '../../src/sasl/login-guard.ts';
import { deriveScramSecret } from '../../src/sasl/scram-secret.ts';
import type { Accounts } from '../../src/store/accounts.ts';
import { openAccounts } from '../../src/store/open-accounts.ts';
import type { QuotaLimits } from '../../src/store/quota.ts';
import { ImapTestClient } from './imap-client.ts';

/** An IMAP server over a store of its own, in this process. */
export interface ImapFixture extends AsyncDisposable {
  readonly port: number;
  readonly ports: readonly number[];
  readonly accounts: Accounts;
  readonly dataDirectory: string;
  /** A client that is logged in as `me`. */
  login(login?: string): Promise<ImapTestClient>;
  connect(): Promise<ImapTestClient>;
}

/** Accounts have the password `secret`; any login is the name of its account, but for `nobody`. */
export async function startImapFixture({
  allowPlaintextAuth = true,
  indexTextsAfterMs,
  quotaOf = () => ({}),
  ...options
}: Partial<ImapServerOptions> & {
  allowPlaintextAuth?: boolean;
  indexTextsAfterMs?: number;
  quotaOf?: (account: string) => QuotaLimits;
} = {}): Promise<ImapFixture> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'restante-imap-'));
  const engine = createTestEngine();
  const accounts = await openAccounts({
    dataDirectory,
    engine,
    checkWhenClosed: true,
    quotaOf,
    ...(indexTextsAfterMs === undefined ? {} : { indexTextsAfterMs }),
  });
  const server = await startImapServer({
    hostname: 'mail.example.org',
    version: '0.0.0',
    accounts,
    credentials: testCredentials,
    log: silentLog,
    loginGuard: new LoginGuard({ clock: systemClock, delayMs: 0 }),
    ...options,
    listeners: (options.listeners ?? [{ address: '127.0.0.1', port: 0, tls: 'none' }]).map((listener) => ({
      allowPlaintextAuth,
      ...listener,
    })),
  });
  const ports = server.addresses.map(({ port }) => port);
  const clients: ImapTestClient[] = [];
  const keep = (client: ImapTestClient): ImapTestClient => {
    clients.push(client);
    return client;
  };
  return {
    port: ports[0],
    ports,
    accounts,
    dataDirectory,
    login: async (login = 'me') => keep(await ImapTestClient.login(ports[0], login)),
    connect: async () => keep(await ImapTestClient.connect(ports[0])),
    async [Symbol.asyncDispose]() {
      for (const client of clients) client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
      await accounts[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

const testCredentials: CredentialSource = {
  decoyKey: Buffer.alloc(32, 7),
  verifyPassword: async (login, password) =>
    login !== 'nobody' && password === 'secret' ? { account: login } : undefined,
  async scramSecrets(login, hash) {
    if (login === 'nobody') return undefined;
    const secret = await deriveScramSecret(hash, 'secret', Buffer.alloc(16, 1), 4096);
    return { ...secret, keys: [secret], account: login };
  },
};
