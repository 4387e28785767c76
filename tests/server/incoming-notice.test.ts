import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { controlRequest } from '../../src/control/control-client.ts';
import { controlSocketName } from '../../src/control/control-message.ts';
import { openOffline, type RunningServer, startServer } from '../../src/main.ts';
import { composeDsn } from '../../src/message/compose-dsn.ts';
import { SmtpSink } from '../../src/queue/smtp-sink.ts';
import { DnsServer } from '../harness/dns-server.ts';
import { SmtpTestClient } from '../harness/smtp-test-client.ts';

let directory: string;
let configPath: string;
let dns: DnsServer;
let sink: SmtpSink;
let server: RunningServer;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-notice-'));
  configPath = join(directory, 'restante.yaml');
  dns = await DnsServer.start({ 'relay.example': { A: ['127.0.0.1'] } });
  sink = await SmtpSink.start();
  await mkdir(directory, { recursive: true });
  await writeFile(
    configPath,
    `dataDirectory: data
hostname: localhost
logLevel: silent
postmaster: { account: me }
listeners:
  plain:
    addresses: [127.0.0.1]
    allowPlaintextAuth: true
    smtp: { port: 0 }
    submission: { port: 0 }
resolver: { servers: ["${dns.address}"] }
transports:
  out: { host: relay.example, port: ${sink.port}, tls: none }
relay: out
`,
  );
  await writeFile(
    join(directory, 'domains.yaml'),
    `domains:
  example.org:
accounts:
  me:
    domain: example.org
    addresses: { me@example.org: }
    fromIdAddresses: [me@example.org]
`,
  );
  {
    await using offline = await openOffline({ staticConfigPath: configPath });
    await offline.accounts.setPassword('me', 'secret');
  }
  server = await startServer({ staticConfigPath: configPath, overrides: {} });
});

afterEach(async () => {
  await server.stop();
  await sink[Symbol.asyncDispose]();
  await dns[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function send(service: string, commands: readonly string[], content: string): Promise<string> {
  using client = await SmtpTestClient.connect(server.addresses.find((one) => one.service === service)!.port);
  await client.play('S: 220 *');
  for (const command of ['HELO me.example', ...commands]) expect(await client.ask(command)).toMatch(/^2/);
  expect(await client.ask('DATA')).toMatch(/^354/);
  return await client.ask(`${content}\r\n.`);
}

async function submit(recipient: string): Promise<void> {
  const login = Buffer.from('\0me\0secret').toString('base64');
  const commands = [`AUTH PLAIN ${login}`, 'MAIL FROM:<me@example.org>', `RCPT TO:<${recipient}>`];
  const content = 'From: me@example.org\r\nMessage-ID: <m1@example.org>\r\nSubject: Hello\r\n\r\nText';
  expect(await send('submission', commands, content)).toMatch(/^250/);
}

describe('a whole server', () => {
  it('learns from a notice that comes in that an address does not exist', { timeout: 30_000 }, async () => {
    await submit('grace@elsewhere.example');
    await expect.poll(() => sink.received.length, { timeout: 10_000 }).toBe(1);
    const returnPath = /^MAIL FROM:<(me\+[a-z2-7]{24}@example\.org)>/.exec(sink.received[0]!.mail)?.[1];
    expect(returnPath).toBeDefined();
    const dsn = composeDsn({
      to: returnPath!,
      from: 'postmaster@elsewhere.example',
      messageId: 'n1@elsewhere.example',
      dateMs: Date.now(),
      reportingMta: 'mx.elsewhere.example',
      recipients: [
        {
          finalRecipient: 'grace@elsewhere.example',
          action: 'failed',
          status: '5.1.1',
          diagnosticCode: '550 5.1.1 Unknown',
        },
      ],
      original: { bytes: Buffer.from('Subject: Hello\r\n'), full: false },
      smtpUtf8: false,
      boundary: 'b',
    }).toString();
    expect(await send('smtp', ['MAIL FROM:<>', `RCPT TO:<${returnPath}>`], dsn.trimEnd())).toMatch(/^250/);
    const control = join(directory, 'data', controlSocketName);
    const lookup = (): Promise<unknown> =>
      controlRequest(control, 'queueSuppress', { do: 'lookup', address: 'Grace@elsewhere.example' }, {});
    await expect
      .poll(lookup, { timeout: 10_000 })
      .toMatchObject([{ account: 'me', reason: '550 5.1.1 Unknown (mx.elsewhere.example)' }]);
    await submit('grace@elsewhere.example');
    await submit('ada@elsewhere.example');
    await expect.poll(() => sink.received.length, { timeout: 10_000 }).toBe(2);
    expect(sink.received[1]?.recipients).toEqual(['RCPT TO:<ada@elsewhere.example>']);
    await server.stop();
    await using offline = await openOffline({ staticConfigPath: configPath });
    expect(await offline.queue.retired.list({ account: 'me', end: 'failed' }, 10)).toMatchObject([
      { recipient: 'grace@elsewhere.example', lastResult: { host: 'mx.elsewhere.example' } },
    ]);
  });
});
