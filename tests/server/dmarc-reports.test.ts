import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createDkimKey } from '../../src/config/dkim-key.ts';
import { dkimSign } from '../../src/mailauth/dkim/dkim-sign.ts';
import { DnsServer, type Zone } from '../harness/dns-server.ts';
import { ImapTestClient } from '../harness/imap-client.ts';
import { proxiedSmtp, sendFrom } from '../harness/send-from.ts';
import {
  choosePorts,
  makeTestConfig,
  resultOf,
  runCommand,
  startTestServer,
  type TestServer,
} from '../harness/start-test-server.ts';

const key = createDkimKey('ed25519');
const otherAddress = '192.0.2.10';

/** The domain example.net with its server, which asks for reports each hour, and another one that reports. */
async function startDns(): Promise<DnsServer> {
  const zone: Zone = {
    'example.org': { MX: [{ preference: 10, exchange: 'mail.example.org' }], TXT: ['v=spf1 -all'] },
    '_dmarc.example.org': { TXT: ['v=DMARC1; p=quarantine; ri=3600; rua=mailto:dmarc-reports@example.org!10m'] },
    'a._domainkey.example.net': { TXT: [key.txt] },
    '_dmarc.example.net': { TXT: ['v=DMARC1; p=reject; rua=mailto:dmarc-reports@example.net'] },
    'relay.example': { A: ['127.0.0.1'] },
  };
  const dns = await DnsServer.start(zone);
  onTestFinished(() => dns[Symbol.asyncDispose]());
  return dns;
}

async function startServer(options: {
  dns: DnsServer;
  hostname: string;
  domains: string;
  settings?: string;
}): Promise<{ server: TestServer; port: number; restart(): Promise<TestServer> }> {
  const directory = await mkdtemp(join(tmpdir(), 'restante-dmarc-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  const ports = await choosePorts();
  const smtp = await proxiedSmtp();
  const settings = `${smtp.settings}resolver: { servers: ["${options.dns.address}"] }\n${options.settings ?? ''}`;
  const configPath = await makeTestConfig({ directory, ports, settings });
  const text = (await readFile(configPath, 'utf8')).replace('mail.example.org', options.hostname);
  await writeFile(configPath, text);
  await mkdir(join(directory, 'config', 'keys'));
  await writeFile(join(directory, 'config', 'keys', 'a.pem'), key.privatePem);
  await writeFile(join(directory, 'config', 'domains.yaml'), options.domains);
  expect(await runCommand(['setaccountpassword', 'me', '--config', configPath], 'secret\n')).toMatchObject({ code: 0 });
  const start = async (): Promise<TestServer> => {
    const server = await startTestServer({ directory, ports });
    onTestFinished(() => server[Symbol.asyncDispose]());
    return server;
  };
  return { server: await start(), port: smtp.port, restart: start };
}

function receivingDomains(domain = 'example.org'): string {
  return `domains:
  ${domain}:
    dmarcReports: { account: me }
accounts:
  me:
    domain: ${domain}
    addresses: { me@${domain}: {} }
    firstTimeSenderDelay: 0
`;
}

/** Hands connections on, and says by PROXY protocol that they come from elsewhere. */
async function startRelay(port: number): Promise<number> {
  const relay = createServer((incoming) => {
    const outgoing = connect(port, '127.0.0.1', () => {
      outgoing.write(`PROXY TCP4 ${otherAddress} 127.0.0.1 1000 25\r\n`);
      incoming.pipe(outgoing).pipe(incoming);
    });
    for (const socket of [incoming, outgoing]) socket.on('error', () => [incoming, outgoing].map((s) => s.destroy()));
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  onTestFinished(() => void relay.close());
  return (relay.address() as AddressInfo).port;
}

async function until<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  const end = Date.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('Waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function metricsOf(server: TestServer): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`)).text();
}

async function listed(server: TestServer, ...args: string[]): Promise<unknown[]> {
  const result = await server.command('dmarc', ...args, '--json');
  expect(result).toMatchObject({ code: 0 });
  return resultOf(result) as unknown[];
}

async function subjects(server: TestServer, mailbox: string, login = 'me@example.org'): Promise<string> {
  using client = await ImapTestClient.login(server.ports.imap, login);
  await client.ok(`SELECT ${mailbox}`);
  return (await client.ok('FETCH 1:* (BODY.PEEK[HEADER])')).join('\n');
}

function message(report: Buffer, from = 'dmarc@example.net'): string {
  return `From: ${from}\r\nSubject: Report Domain: example.org\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n${report.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`;
}

async function signed(text: string): Promise<string> {
  const content = (async function* () {
    yield Buffer.from(text);
  })();
  const signer = { domain: 'example.net', selector: 'a', key: createPrivateKey(key.privatePem) };
  return (await dkimSign(content, async () => [signer], Date.now())) + text;
}

describe('reports of DMARC between two servers', { timeout: 120_000 }, () => {
  it('go from the one that got mail to the one whose domain it names', async () => {
    const dns = await startDns();
    const receiver = await startServer({ dns, hostname: 'mail.example.org', domains: receivingDomains() });
    const relayPort = await startRelay(receiver.port);
    const reporter = await startServer({
      dns,
      hostname: 'mail.example.net',
      settings: `transports: { relay: { host: relay.example, port: ${relayPort}, tls: none } }\nrelay: relay\n`,
      domains: `domains:
  example.net:
    dkim: { selectors: { a: { privateKeyFile: keys/a.pem } }, sign: [a] }
accounts:
  me:
    domain: example.net
    addresses: { me@example.net: {} }
`,
    });
    const forged = 'From: ceo@example.org\r\nSubject: pay me\r\n\r\nNow.\r\n';
    for (const ip of ['198.51.100.1', '198.51.100.1', '198.51.100.2']) {
      expect(await sendFrom(reporter.port, ip, 'x@evil.example', forged, ['me@example.net'])).toMatch(/^250/);
    }
    expect(await listed(reporter.server, 'evaluations', 'list')).toMatchObject([
      { policyDomain: 'example.org', messages: 3, intervalHours: 1 },
    ]);
    await reporter.server.stop();

    // As if two hours had passed.
    const path = join(reporter.server.dataDirectory, 'dmarceval.db');
    const database = new Database(path);
    database.exec('UPDATE evaluation SET hour = hour - 2');
    database.close();
    const restarted = await reporter.restart();
    const [report] = await until(async () => {
      const found = await listed(receiver.server, 'reports', 'list', '--domain', 'Example.org');
      return found.length > 0 ? (found as { id: number; reportId: string }[]) : undefined;
    });
    expect(report).toMatchObject({
      sender: 'example.net',
      orgName: 'example.net',
      email: 'postmaster@example.net',
      policy: { domain: 'example.org', policy: 'quarantine', testing: 'n' },
      messages: { all: 3, passed: 0, quarantined: 3, rejected: 0 },
    });
    expect(await listed(receiver.server, 'reports', 'show', String(report!.id))).toEqual([
      {
        sourceIp: '198.51.100.1',
        count: 2,
        disposition: 'quarantine',
        dkim: 'fail',
        spf: 'fail',
        reasons: [],
        headerFrom: 'example.org',
        envelopeFrom: 'evil.example',
        dkimResults: [],
        spfResults: [{ domain: 'evil.example', scope: 'mfrom', result: 'none' }],
      },
      expect.objectContaining({ sourceIp: '198.51.100.2', count: 1 }),
    ]);
    // Nothing is left to report there, and nothing is reported about the report here, though its domain asks for that.
    expect(await listed(restarted, 'evaluations', 'list')).toEqual([]);
    expect(await listed(receiver.server, 'evaluations', 'list')).toEqual([]);
    expect(await metricsOf(restarted)).toContain('restante_dmarc_reports_due_total{result="sent"} 1');

    const mail = await subjects(receiver.server, 'Reports');
    expect(mail).toMatch(
      /^Subject: Report Domain: example\.org Submitter: example\.net Report-ID:\r\n <[0-9a-f]{24}@example\.net>\r$/m,
    );
    expect(mail).toContain('X-Restante-Reason: report');
    expect(mail).toContain('Auto-Submitted: auto-generated');
    expect(mail).toMatch(/^From: <postmaster@example\.net>\r$/m);
  });

  it('are counted when they pass DMARC, are on our domain, and once; all are delivered', async () => {
    const dns = await startDns();
    const { server, port } = await startServer({ dns, hostname: 'mail.example.org', domains: receivingDomains() });
    const xml = await readFile(join(import.meta.dirname, '../data/dmarc-reports/google.xml'));
    const send = async (text: string): Promise<void> => {
      expect(await sendFrom(port, otherAddress, 'dmarc@example.net', text, ['dmarc-reports@example.org'])).toMatch(
        /^250/,
      );
    };
    const good = await signed(message(gzipSync(xml)));
    await send(good);
    await send(good);
    await send(
      await signed(
        message(gzipSync(Buffer.from(xml.toString().replace('<domain>example.org', '<domain>else.example')))),
      ),
    );
    await send(await signed(message(Buffer.from('rubbish'))));
    await send(message(gzipSync(xml), 'dmarc@unknown.example'));
    expect(await listed(server, 'reports', 'list')).toMatchObject([
      { sender: 'example.net', orgName: 'google.com', messages: { all: 16, passed: 14 } },
    ]);
    const metrics = await metricsOf(server);
    for (const result of ['stored', 'duplicate', 'foreign', 'broken', 'unauthenticated']) {
      expect(metrics).toContain(`restante_dmarc_reports_received_total{result="${result}"} 1`);
    }
    expect((await subjects(server, 'Reports')).match(/^Subject: /gm)).toHaveLength(5);
    const shown = await server.command('dmarc', 'reports', 'list');
    expect(shown.stdout).toMatch(/example\.org +16 +14 +0 +0 +example\.net/);
  });

  it('can be looked at on the command line', async () => {
    const dns = await startDns();
    dns.zone['_dmarc.wide.example'] = {
      TXT: [
        'v=DMARC1; p=none; rua=mailto:a@wide.example,mailto:b@watch.example,mailto:c@example.org,https://x.example',
      ],
    };
    dns.zone['wide.example._report._dmarc.watch.example'] = { TXT: ['v=DMARC1; rua=mailto:d@watch.example'] };
    const { server } = await startServer({ dns, hostname: 'mail.example.org', domains: receivingDomains() });
    expect(await server.command('dmarc', 'lookup', 'a.wide.example')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^_dmarc\.wide\.example: v=DMARC1; p=none/),
    });
    expect(await server.command('dmarc', 'lookup', 'none.example')).toMatchObject({ code: 1 });
    const addresses = await server.command('dmarc', 'checkreportaddrs', 'wide.example');
    expect(addresses.stdout.split('\n')).toEqual([
      'mailto:a@wide.example: reports go to a@wide.example',
      'mailto:b@watch.example: reports go to d@watch.example',
      'mailto:c@example.org: no reports, as example.org does not say at wide.example._report._dmarc.example.org that it wants reports on wide.example',
      'https://x.example: no reports, as it is no address that mail can be sent to',
      '',
    ]);
    expect(addresses.code).toBe(1);
    for (const file of ['google.eml', 'google.xml']) {
      const parsed = await server.command(
        'dmarc',
        'parsereport',
        join(import.meta.dirname, '../data/dmarc-reports', file),
      );
      expect(parsed).toMatchObject({ code: 0, stdout: expect.stringContaining('14     192.0.2.25') });
    }
    expect(await server.command('dmarc', 'parsereport', server.configPath)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Cannot read the report'),
    });
    expect(await server.command('dmarc', 'suppress', 'add', 'A@wide.example', '--days', '3')).toMatchObject({
      code: 0,
    });
    expect(await listed(server, 'suppress', 'list')).toMatchObject([
      { address: 'a@wide.example', reason: 'asked for' },
    ]);
    expect(await server.command('dmarc', 'suppress', 'remove', 'a@wide.example')).toMatchObject({ code: 0 });
    expect(await server.command('dmarc', 'suppress', 'remove', 'a@wide.example')).toMatchObject({ code: 1 });
    await server.stop();
    expect(await listed(server, 'suppress', 'list')).toEqual([]);
  });
});
