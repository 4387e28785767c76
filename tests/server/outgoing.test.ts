import { createPublicKey } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDkimKey } from '../../src/config/dkim-key.ts';
import { dkimFault } from '../../src/mailauth/dkim/dkim-fault.ts';
import { openOffline, type RunningServer, startServer } from '../../src/main.ts';
import { until } from '../../src/queue/queue-fixture.ts';
import { SmtpSink } from '../../src/queue/smtp-sink.ts';
import { DnsServer } from '../harness/dns-server.ts';
import { ImapTestClient } from '../harness/imap-client.ts';
import { SmtpTestClient } from '../harness/smtp-test-client.ts';

const key = createDkimKey('ed25519').privatePem;
let directory: string;
let configPath: string;
let dns: DnsServer;
let sink: SmtpSink;
let server: RunningServer;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-outgoing-'));
  configPath = join(directory, 'config', 'restante.yaml');
  await mkdir(join(directory, 'config'));
  dns = await DnsServer.start({ 'relay.example': { A: ['127.0.0.1'] } });
  sink = await SmtpSink.start();
  await writeFile(
    configPath,
    `dataDirectory: ../data
hostname: localhost
logLevel: silent
postmaster: { account: me }
listeners:
  plain:
    addresses: [127.0.0.1]
    allowPlaintextAuth: true
    submission: { port: 0 }
    imap: { port: 0 }
  public:
    addresses: [127.0.0.1]
    tls: { selfSigned: true }
    smtp: { port: 0 }
    submission: { port: 0 }
    imap: { port: 0 }
    imaps: { port: 0 }
resolver: { servers: ["${dns.address}"] }
maxOutgoingMessagesPerDay: 3
transports:
  out: { host: relay.example, port: ${sink.port}, tls: none }
`,
  );
  await writeFile(
    join(directory, 'config', 'domains.yaml'),
    `domains:
  example.org:
    dkim: { selectors: { a: { privateKeyFile: a.pem } }, sign: [a] }
accounts:
  me:
    domain: example.org
    addresses: { me@example.org: }
    routes: [{ toDomains: [never.example], transport: fail }]
routes: [{ transport: out }]
`,
  );
  await writeFile(join(directory, 'config', 'a.pem'), key);
  await using offline = await openOffline({ staticConfigPath: configPath });
  await offline.accounts.setPassword('me', 'secret');
});

afterEach(async () => {
  await server.stop();
  await sink[Symbol.asyncDispose]();
  await dns[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

function port(listener: string, service: string): number {
  const found = server.addresses.find((one) => one.listener === listener && one.service === service);
  if (found === undefined) throw new Error(`No ${service} at ${listener}`);
  return found.port;
}

/** Sends a message to each recipient, and gives the last reply. */
async function send(...recipients: string[]): Promise<string> {
  using client = await SmtpTestClient.connect(port('plain', 'submission'));
  const login = Buffer.from('\0me\0secret').toString('base64');
  await client.play('S: 220 *');
  for (const command of ['HELO me.example', `AUTH PLAIN ${login}`, 'MAIL FROM:<me@example.org>']) {
    expect(await client.ask(command)).toMatch(/^2/);
  }
  for (const recipient of recipients) expect(await client.ask(`RCPT TO:<${recipient}>`)).toMatch(/^250/);
  expect(await client.ask('DATA')).toMatch(/^354/);
  return await client.ask('From: me@example.org\r\nSubject: Hello\r\n\r\nText\r\n.');
}

describe('a whole server', () => {
  it('sends signed mail by the routes of its configuration, as much as an account may', async () => {
    server = await startServer({ staticConfigPath: configPath, overrides: {} });
    expect(await send('friend@elsewhere.example', 'nobody@never.example', 'me@example.org')).toMatch(/^250 2\.0\.0/);
    await until(() => sink.received.length === 1);
    const [{ recipients, content }] = sink.received;
    expect(recipients).toEqual(['RCPT TO:<friend@elsewhere.example>']);
    expect(dkimFault(`${content}\r\n`, createPublicKey(key))).toBeUndefined();

    using imap = await ImapTestClient.login(port('plain', 'imap'));
    await until(async () => (await imap.ok('STATUS Inbox (MESSAGES)')).join().includes('MESSAGES 2'));
    await imap.ok('SELECT Inbox');
    const untagged = await imap.ok('UID SEARCH TEXT "never.example"');
    expect(untagged.join()).toMatch(/\d/);

    expect(await send('friend@elsewhere.example')).toBe(
      '452 4.7.1 Your account has sent as much as it may in 24 hours',
    );
  });

  it('has one SMTP and one IMAP server for all listeners, each with its own certificates and rules', async () => {
    server = await startServer({ staticConfigPath: configPath, overrides: {} });
    const offers = async (listener: string): Promise<{ smtp: string; imap: string }> => {
      using smtp = await SmtpTestClient.connect(port(listener, 'submission'));
      using imap = await ImapTestClient.connect(port(listener, 'imap'));
      await smtp.play('S: 220 *');
      return { smtp: await smtp.ask('EHLO me.example'), imap: (await imap.ok('CAPABILITY')).join() };
    };
    const plain = await offers('plain');
    expect(plain.smtp).toContain('AUTH');
    expect(plain.imap).toContain('AUTH=PLAIN');
    expect(plain.smtp + plain.imap).not.toContain('STARTTLS');
    const tls = await offers('public');
    expect(tls.smtp).toContain('STARTTLS');
    expect(tls.smtp).not.toContain('AUTH');
    expect(tls.imap).toContain('STARTTLS LOGINDISABLED');
    using imaps = await ImapTestClient.connect(port('public', 'imaps'), true);
    await imaps.ok('LOGIN me secret');
  });
});
