import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDkimKey } from '../../src/config/dkim-key.ts';
import { certificateTlsa } from '../../src/mailauth/dane/tlsa.ts';
import { SmtpSink } from '../../src/queue/smtp-sink.ts';
import { DnsServer } from '../harness/dns-server.ts';
import { type CommandResult, makeTestConfig, runCommand } from '../harness/start-test-server.ts';
import { testCertificate } from '../harness/test-certificates.ts';

const certificate = testCertificate({ name: 'mx.example.net', hosts: ['mx.example.net'] });
const tlsa = certificateTlsa(new X509Certificate(certificate.certificate));
const key = createDkimKey('ed25519');

let directory: string;
let configPath: string;
let dns: DnsServer;
let sink: SmtpSink;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-diagnosis-'));
  sink = await SmtpSink.start();
  sink.certificate = certificate;
  dns = await DnsServer.start({
    'example.net': { MX: [{ preference: 10, exchange: 'mx.example.net' }], TXT: ['v=spf1 mx -all'] },
    'mx.example.net': { A: ['127.0.0.1'] },
    [`_${sink.port}._tcp.mx.example.net`]: { TLSA: [tlsa] },
    '_25._tcp.mx.example.net': { TLSA: [tlsa, { ...tlsa, usage: 1 }] },
    '_mta-sts.example.net': { TXT: ['v=STSv1; id=7;'] },
    'wrong.example': { A: ['127.0.0.1'] },
    [`_${sink.port}._tcp.wrong.example`]: { TLSA: [{ ...tlsa, certificate: Buffer.alloc(32) }] },
  });
  dns.authentic = (name) => name.endsWith('example.net') || name.endsWith('wrong.example');
  const ports = { smtp: 0, submission: 0, submissions: 0, imap: 0, imaps: 0, metrics: 0 };
  configPath = await makeTestConfig({
    directory,
    ports,
    settings: `resolver: { servers: ["${dns.address}"], timeout: 500 ms }`,
  });
  await writeFile(join(directory, 'config', 'a.pem'), key.privatePem);
  const domains = `domains:
  example.org:
    dkim: { selectors: { a: { privateKeyFile: a.pem } }, sign: [a] }
    mtaSts: { mode: enforce, maxAge: 1 d }
    dmarcReports: { account: me }
    tlsReports: { account: me }
accounts:
  me: { domain: example.org, addresses: { me@example.org: {} } }
`;
  await writeFile(join(directory, 'config', 'domains.yaml'), domains);
}, 60_000);

afterAll(async () => {
  await dns[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

function run(...args: string[]): Promise<CommandResult> {
  return runCommand([...args, '--config', configPath]);
}

describe('the commands that look at the DNS and at other servers', { timeout: 60_000 }, () => {
  it('look up names, and say whether DNSSEC validated the answer', async () => {
    const found = await run('dns', 'lookup', 'mx', 'example.net');
    expect(found).toEqual({
      code: 0,
      stdout: '10 mx.example.net\n',
      stderr: 'at example.net, for 300 s, validated by DNSSEC\n',
    });
    const missing = await run('dns', 'lookup', 'a', 'missing.example');
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('the name does not exist')]);
    expect((await run('dns', 'lookup', 'wks', 'example.net')).code).toBe(2);
  });

  it('show the TLSA records of a domain, and which are of use', async () => {
    const { code, stdout } = await run('dane', 'lookup', 'example.net');
    const hex = tlsa.certificate.toString('hex');
    expect([code, stdout]).toEqual([
      0,
      `mx.example.net: 2 TLSA records, validated by DNSSEC\n  3 1 1 ${hex}\n  1 1 1 ${hex} (of no use for SMTP)\n`,
    ]);
    const none = await run('dane', 'lookup', 'wrong.example');
    expect([none.code, none.stdout]).toEqual([1, 'wrong.example: 0 TLSA records, validated by DNSSEC\n']);
  });

  it('dial a host, and compare its certificate with the TLSA records', async () => {
    const port = String(sink.port);
    const plain = await run('smtp', 'dial', 'mx.example.net', '--port', port);
    expect(plain.stdout).toContain('127.0.0.1: TLSv1.3');
    expect(plain.stdout).toContain('certificate: CN=mx.example.net, for mx.example.net');
    expect(plain.stdout).toMatch(/by the authorities of this machine: .*not accepted/);
    expect(plain.stdout).toContain('offers: pipelining, eightBitMime, size, sizeBytes=10000000');
    expect(plain.code).toBe(0);
    const right = await run('dane', 'dial', 'mx.example.net', '--port', port);
    expect([right.code, right.stdout]).toEqual([0, expect.stringContaining('DANE: a TLSA record matches')]);
    const wrong = await run('dane', 'dial', 'wrong.example', '--port', port);
    expect([wrong.code, wrong.stdout]).toEqual([1, expect.stringContaining('no TLSA record matches the certificate')]);
    const without = await run('dane', 'dial', 'example.net', '--port', port);
    expect([without.code, without.stdout]).toEqual([1, expect.stringContaining('has no address')]);
  });

  it('print the TLSA record of a certificate', async () => {
    const path = join(directory, 'mx.pem');
    await writeFile(path, certificate.certificate);
    expect(await run('dane', 'makerecord', path)).toMatchObject({
      code: 0,
      stdout: `3 1 1 ${tlsa.certificate.toString('hex')}\n`,
    });
    await writeFile(path, 'nothing');
    const wrong = await run('dane', 'makerecord', path);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('it is no certificate in PEM')]);
  });

  it('show the key of a selector', async () => {
    dns.zone['k._domainkey.example.net'] = { TXT: [key.txt] };
    dns.zone['old._domainkey.example.net'] = { TXT: ['v=DKIM1; p='] };
    expect(await run('dkim', 'lookup', 'k', 'example.net')).toMatchObject({ code: 0, stdout: `${key.txt}\ned25519\n` });
    const revoked = await run('dkim', 'lookup', 'old', 'example.net');
    expect([revoked.code, revoked.stdout]).toEqual([1, 'v=DKIM1; p=\nrsa\nwrong: the key is revoked\n']);
    const missing = await run('dkim', 'lookup', 'none', 'example.net');
    expect([missing.code, missing.stdout]).toEqual([1, 'wrong: there is no record\n']);
  });

  it('say that a policy is announced and cannot be fetched, or that there is none', async () => {
    const broken = await run('mtasts', 'lookup', 'example.net');
    expect([broken.code, broken.stdout]).toEqual([
      1,
      'id: 7\nwrong: Cannot fetch MTA-STS policy: mta-sts.example.net: mta-sts.example.net has no address\n',
    ]);
    expect((await run('mtasts', 'lookup', 'wrong.example')).stdout).toBe('wrong.example has no MTA-STS policy\n');
  });

  it('show where a domain wants reports on TLS, and what a report says', async () => {
    const record = 'v=TLSRPTv1; rua=mailto:tls@example.net';
    dns.zone['_smtp._tls.example.net'] = { TXT: [record] };
    expect(await run('tlsrpt', 'lookup', 'example.net')).toMatchObject({ code: 0, stdout: `${record}\n` });
    expect(await run('tlsrpt', 'lookup', 'wrong.example')).toMatchObject({ code: 1 });
    const { stdout } = await run('tlsrpt', 'parsereport', join(import.meta.dirname, '../data/tls-reports/google.json'));
    expect(stdout).toBe(`Report "2026-11-20T00:00:00Z_example.org" of "Google Inc."

DAY (UTC)   DOMAIN       POLICY  GOOD  FAILED  FAILURES               REPORTED BY
2026-11-20  example.org  sts     31    2       certificate-expired 2  Google Inc.
`);
  });

  it('show the parts of a message', async () => {
    const message =
      'From: Ada <ada@example.net>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nHello\n--x\nContent-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment\n\nAAAA\n--x--\n';
    const { code, stdout } = await runCommand(['message', 'parse'], message);
    expect([code, stdout]).toEqual([
      0,
      `from: Ada <ada@example.net>
subject: Grüße
251 bytes, 1 From fields, 0 Received fields
multipart/mixed 7bit: 139 bytes at 112
  text/plain 7bit: 5 bytes at 119
  image/png base64 attachment "a.png": 4 bytes at 238
`.replace(/\d+ bytes(?: at \d+)?/g, (text) => expect.anything() && text),
    ]);
  });
});

describe('the DNS records of a domain', { timeout: 60_000 }, () => {
  it('are printed, and found right once they are published', async () => {
    const before = await run('config', 'dnscheck', 'example.org', '--json');
    expect(before.code).toBe(1);
    const verdicts = JSON.parse(before.stdout) as { about: string; verdict: string }[];
    expect(verdicts.map(({ about, verdict }) => `${about} ${verdict}`)).toEqual([
      'MX error',
      'host error',
      'DKIM a error',
      'DMARC error',
      'MTA-STS warning',
      'DANE note',
      'TLS reports warning',
    ]);

    const { stdout } = await run('config', 'dnsrecords', 'example.org');
    for (const [, name, strings] of stdout.matchAll(/^(\S+)\.\s+IN TXT (.*)$/gm)) {
      const texts = [...strings!.matchAll(/"([^"]*)"/g)].map(([, text]) => text!);
      dns.zone[name!] = { ...dns.zone[name!], TXT: [texts] };
    }
    const [, , mx] = /^(\S+)\.\s+IN MX 10 (\S+)\.$/m.exec(stdout)!;
    dns.zone['example.org'] = { ...dns.zone['example.org'], MX: [{ preference: 10, exchange: mx! }] };
    dns.zone['mail.example.org'] = { ...dns.zone['mail.example.org'], A: ['192.0.2.1'] };
    dns.zone['1.2.0.192.in-addr.arpa'] = { PTR: ['mail.example.org'] };
    const after = await run('config', 'dnscheck', 'example.org');
    const lines = after.stdout.split('\n').filter((line) => !line.startsWith('    '));
    expect(lines).toEqual([
      'ok       MX: 10 mail.example.org',
      'ok       host: mail.example.org is 192.0.2.1',
      'ok       reverse name of 192.0.2.1: is mail.example.org',
      'ok       SPF of example.org: lets 192.0.2.1 send',
      'ok       SPF of mail.example.org: lets 192.0.2.1 send',
      'ok       DKIM a: is published',
      'warning  DMARC: the policy is "none": mail in the name of the domain that is not yours is let in',
      expect.stringMatching(/^error {4}MTA-STS: Cannot fetch MTA-STS policy: mta-sts\.example\.org/),
      'note     DANE: the zone is not signed, as far as this resolver says: MTA-STS is what remains',
      'ok       TLS reports: are asked for',
      '',
    ]);
  });

  it('are said to be wrong where they are', async () => {
    dns.zone['a._domainkey.example.org'] = { TXT: [createDkimKey('ed25519').txt] };
    dns.zone['1.2.0.192.in-addr.arpa'] = { PTR: ['customer.provider.example'] };
    dns.zone['_mta-sts.example.org'] = { TXT: ['v=STSv1; id=old'] };
    dns.zone['_smtp._tls.example.org'] = { TXT: ['v=TLSRPTv1; rua=mailto:gone@example.org'] };
    dns.zone['_dmarc.example.org'] = { TXT: ['v=DMARC1; p=reject; rua=mailto:gone@example.org!10m'] };
    const { stdout, code } = await run('config', 'dnscheck', 'example.org');
    expect(code).toBe(1);
    expect(stdout).toContain('error    reverse name of 192.0.2.1: is customer.provider.example, not mail.example.org');
    expect(stdout).toContain(
      'error    DKIM a: the key at a._domainkey.example.org is not the one of the configuration',
    );
    expect(stdout).toContain('error    MTA-STS: the record has the id of another policy: old');
    expect(stdout).toContain('error    TLS reports: reports go to gone@example.org, which does not exist here');
    expect(stdout).toContain('error    DMARC: reports go to gone@example.org, which does not exist here');
    const unknown = await run('config', 'dnscheck', 'else.example');
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('it is not configured')]);
  });
});
