import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestEngine } from '../../src/database/sqlite/test-engine-fixture.ts';
import { createDelivery } from '../../src/delivery/create-delivery.ts';
import type { Recipient } from '../../src/delivery/resolve-recipient.ts';
import type { SubmittedMessage } from '../../src/queue/queue.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { Metrics } from '../../src/runtime/metrics.ts';
import type { CredentialSource } from '../../src/sasl/credential-source.ts';
import { LoginGuard } from '../../src/sasl/login-guard.ts';
import { hashPassword, verifyPassword } from '../../src/sasl/password-hash.ts';
import { parseScramSecret } from '../../src/sasl/scram-secret.ts';
import type { SmtpListener, SmtpServerOptions } from '../../src/smtp-server/smtp-server-options.ts';
import { startSmtpServer } from '../../src/smtp-server/start-smtp-server.ts';
import type { Accounts } from '../../src/store/accounts.ts';
import { openAccounts } from '../../src/store/open-accounts.ts';
import { CertificateStore } from '../../src/tls/certificate-store.ts';
import { ensureSelfSignedCertificate } from '../../src/tls/ensure-self-signed-certificate.ts';

export const password = 'correct horse';
const secrets = hashPassword(password);

/** `me@`, `you@` and `full@restante.example` have accounts; `list@` has members; `loop@` leads to itself and elsewhere. */
export const addresses: Record<string, Recipient> = {
  'me@restante.example': account('me'),
  'you@restante.example': account('you'),
  'jösé@restante.example': account('you'),
  postmaster: { ...account('me'), mailbox: 'Postmaster', address: 'postmaster@restante.example' },
  'list@restante.example': { kind: 'alias', name: 'list@restante.example', members: [account('me'), account('you')] },
  'far@restante.example': {
    kind: 'alias',
    name: 'far@restante.example',
    members: ['me@restante.example', 'friend@elsewhere.example', 'far@restante.example'],
  },
  'closed@restante.example': {
    kind: 'alias',
    name: 'closed@restante.example',
    members: [account('me')],
    postPublic: false,
  },
};

function account(name: string): Recipient & { kind: 'account' } {
  return { kind: 'account', account: name, mailbox: 'Inbox', address: `${name}@restante.example` };
}

function resolve(localpart: string, domain: string | undefined): Recipient {
  if (domain === undefined) return addresses.postmaster;
  if (domain !== 'restante.example') return { kind: 'notLocal' };
  return addresses[`${localpart.replace(/\+.*/, '')}@${domain}`] ?? { kind: 'unknownUser' };
}

const credentials: CredentialSource = {
  decoyKey: Buffer.alloc(16, 1),
  async verifyPassword(login, given) {
    const right = await verifyPassword(login === 'me@restante.example' ? (await secrets).argon2id : undefined, given);
    return right ? { account: 'me' } : undefined;
  },
  async scramSecrets(login, hash) {
    if (login !== 'me@restante.example') return undefined;
    const text = hash === 'sha1' ? (await secrets).scramSha1 : (await secrets).scramSha256;
    const secret = parseScramSecret(hash, text)!;
    return { ...secret, keys: [secret], account: 'me' };
  },
};

/** A message that was handed to the queue, with its bytes. */
export type Submission = Omit<SubmittedMessage, 'file' | 'prefix'> & { readonly text: string };

export interface TestSmtpServer extends AsyncDisposable {
  readonly port: (listener: number) => number;
  readonly accounts: Accounts;
  readonly submissions: Submission[];
  /** Whole messages in a mailbox, prefix included. */
  messages(account: string, mailbox?: string): Promise<string[]>;
  stop(graceMs: number): Promise<void>;
}

/** A server over a real store, with a queue that only takes messages down. */
export async function startTestServer(
  listeners: readonly Partial<SmtpListener>[],
  options: Partial<SmtpServerOptions> = {},
): Promise<TestSmtpServer> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'restante-smtp-'));
  const stack = new AsyncDisposableStack();
  stack.defer(() => rm(dataDirectory, { recursive: true, force: true }));
  const engine = stack.use(createTestEngine());
  const accounts = stack.use(await openAccounts({ dataDirectory, engine, checkWhenClosed: true }));
  const files = { certificateFile: join(dataDirectory, 'cert.pem'), keyFile: join(dataDirectory, 'key.pem') };
  await ensureSelfSignedCertificate({ ...files, names: ['mx.restante.example'], clock: systemClock });
  const tls = stack.use(await CertificateStore.open([files], silentLog));
  const temporaryDirectory = join(dataDirectory, 'tmp');
  const submissions: Submission[] = [];
  const queue = {
    async submit({ file, prefix, ...message }: SubmittedMessage) {
      const text = Buffer.concat([prefix ?? Buffer.alloc(0), await readFile(join(temporaryDirectory, file.path))]);
      submissions.push({ ...message, text: text.toString() });
      return { ids: message.recipients.map((_, at) => at + 1) };
    },
  };
  const common = { accounts, resolve, hostname: 'mx.restante.example', clock: systemClock, log: silentLog };
  const delivery = createDelivery({ ...common, queue: options.queue ?? queue });
  const server = await startSmtpServer({
    ...common,
    listeners: listeners.map((listener) => ({
      address: '127.0.0.1',
      port: 0,
      kind: 'mx',
      tls: 'starttls',
      acceptor: tls,
      ...listener,
    })),
    mayUseFrom: (name, address) => name === 'me' && /^(me|list)@restante\.example$/.test(address),
    credentials,
    queue,
    delivery,
    receivedIdKey: Buffer.alloc(16, 2),
    metrics: new Metrics(),
    loginGuard: new LoginGuard({ clock: systemClock, delayMs: 0 }),
    ...options,
  });
  let stopped: Promise<void> | undefined;
  const stop = (graceMs: number): Promise<void> => (stopped ??= server.stop(graceMs));
  stack.defer(() => stop(0));
  return {
    port: (listener) => server.addresses[listener].port,
    accounts,
    submissions,
    async messages(name, mailboxName = 'Inbox') {
      await using opened = await accounts.open(name);
      return await opened.read(async (reader) => {
        const mailbox = await reader.mailboxes.named(mailboxName);
        if (mailbox === undefined) return [];
        const rows = await reader.messages.rendered(mailbox.id, 'all');
        return rows.map((row) => opened.contents.readSync(row).toString('utf8'));
      });
    },
    stop,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
