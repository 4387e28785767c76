import { generateKeyPairSync, hash, X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDkimKey } from '../../src/config/dkim-key.ts';
import { keyRecord, sealMessage } from '../../src/mailauth/arc/seal-fixture.ts';
import { certificateTlsa, tlsaText } from '../../src/mailauth/dane/tlsa.ts';
import { SmtpSink } from '../../src/queue/smtp-sink.ts';
import { type TestCertificate, testCertificate } from '../harness/test-certificates.ts';
import { eventually } from '../peers/eventually.ts';
import { awaitMail } from '../peers/read-mail.ts';
import { type Postfix, startPostfix } from '../peers/start-postfix.ts';
import { createNetwork, type Host, type Network } from './network.ts';
import { type SignedDns, startSignedDns } from './signed-dns.ts';
import { type Site, startSite } from './site.ts';

/**
 * Sites with addresses, DNS and certificates of their own: Restante for a.example and for b.example, Postfix with OpenDKIM for p.example,
 * BIND with a signed root, unbound at each site, and hosts here that do what the tests need.
 */
let network: Network;
let dns: SignedDns;
let a: Site;
let b: Site;
let postfix: Postfix;
let postfixHost: Host;
let directory: string;
const sinks: Record<string, SmtpSink> = {};
const forwarder = generateKeyPairSync('ed25519');
const signed: string[] = [];
const insecure: string[] = [];
const authority = testCertificate({ name: 'Network authority', isAuthority: true });

/** A host here that takes mail for a domain of its own. */
async function addSink(name: string, last: number, certificate?: TestCertificate, zone = signed): Promise<SmtpSink> {
  const address = `192.0.2.${last}`;
  network.addAddress(address);
  const sink = await SmtpSink.start({ address, port: 25 });
  sink.certificate = certificate;
  sinks[name] = sink;
  zone.push(`${name}. IN MX 10 mx.${name}.`, `mx.${name}. IN A ${address}`);
  return sink;
}

function tlsa(name: string, certificate: TestCertificate, usage = 3): string {
  const record = certificateTlsa(new X509Certificate(certificate.certificate));
  return `_25._tcp.mx.${name}. IN TLSA ${tlsaText({ ...record, usage })}`;
}

function certificateFor(name: string, more: Partial<Parameters<typeof testCertificate>[0]> = {}): TestCertificate {
  return testCertificate({ name: `mx.${name}`, hosts: [`mx.${name}`], issuer: authority, ...more });
}

async function startOpenDkim(host: Host): Promise<string> {
  const { privatePem, txt } = createDkimKey('rsa');
  await writeFile(join(directory, 'p.pem'), privatePem, { mode: 0o600 });
  const conf = join(directory, 'opendkim.conf');
  await writeFile(
    conf,
    `Syslog no
UserID root
Socket inet:8891@127.0.0.1
Mode sv
Domain p.example
Selector s
KeyFile ${directory}/p.pem
RequireSafeKeys no
Nameservers 127.0.0.1
InternalHosts 127.0.0.1
`,
  );
  host.start('opendkim', ['-f', '-x', conf]);
  const strings = txt.match(/.{1,200}/g)!.map((text) => `"${text}"`);
  return `s._domainkey.p.example. IN TXT ${strings.join(' ')}`;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-network-'));
  await chmod(directory, 0o755);
  network = createNetwork();
  dns = await startSignedDns(network.addHost('dns', '192.0.2.53'));
  const hosts = {
    a: network.addHost('a', '192.0.2.10'),
    b: network.addHost('b', '192.0.2.20'),
    p: network.addHost('p', '192.0.2.30'),
  };
  postfixHost = hosts.p;
  await dns.publish([], []);
  await Promise.all(Object.values(hosts).map((host) => dns.startResolver(host)));
  const policy = '    mtaSts: { mode: enforce, maxAge: 7 d }\n    tlsReports: { account: me }\n';
  [a, b] = await Promise.all([
    startSite({ host: hosts.a, domains: { 'a.example': '    dmarcReports: { account: me }\n' }, authority }),
    startSite({
      host: hosts.b,
      domains: { 'b.example': policy, 'insecure.example': policy },
      authority,
      settings: 'trustedArcSealers: [forwarder.example]\n',
    }),
  ]);
  signed.push(...(await a.records('a.example')), ...(await b.records('b.example')));
  insecure.push(...(await b.records('insecure.example')));
  const at = signed.findIndex((line) => line.includes('_dmarc.a.example.'));
  signed[at] = '_dmarc.a.example. IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc-reports@a.example"';
  signed.push(
    await startOpenDkim(hosts.p),
    'p.example. IN MX 10 mx.p.example.',
    'mx.p.example. IN A 192.0.2.30',
    'p.example. IN TXT "v=spf1 mx -all"',
    '_dmarc.p.example. IN TXT "v=DMARC1; p=reject"',
    '30.2.0.192.in-addr.arpa. IN PTR mx.p.example.',
  );
  const sealKey = keyRecord(forwarder.publicKey);
  signed.push(
    `a._domainkey.forwarder.example. IN TXT "${sealKey}"`,
    'forwarder.example. IN TXT "v=spf1 ip4:192.0.2.30 -all"',
  );
  const other = certificateFor('dane-wrong.example');
  const expired = certificateFor('expired.example', { validUntil: Date.now() - 86_400_000 });
  await addSink('dane-wrong.example', 101, other);
  signed.push(tlsa('dane-wrong.example', certificateFor('dane-wrong.example')));
  await addSink('expired.example', 102, expired);
  signed.push(tlsa('expired.example', expired));
  await addSink(
    'expired-anchor.example',
    103,
    certificateFor('expired-anchor.example', { validUntil: Date.now() - 86_400_000 }),
  );
  signed.push(tlsa('expired-anchor.example', authority, 2));
  await addSink('stripped.example', 104);
  signed.push(tlsa('stripped.example', certificateFor('stripped.example')));
  await addSink('plain.example', 105);
  await addSink('greylist.example', 106);
  await addSink('drops.example', 107);
  await dns.publish(signed, insecure);
  postfix = await startPostfix({
    address: '192.0.2.30',
    domain: 'p.example',
    mailboxes: ['you'],
    transports: {},
    settings: `smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtp_dns_support_level = dnssec
smtp_host_lookup = dns
smtp_tls_security_level = dane
smtp_tls_loglevel = 1
smtpd_milters = inet:127.0.0.1:8891
non_smtpd_milters = inet:127.0.0.1:8891
milter_default_action = tempfail
`,
    async run(command, args, input) {
      const { code, stdout, stderr } = await hosts.p.run(command, args, input);
      if (code !== 0) throw new Error(`${command} ended with ${code}:\n${stdout}${stderr}`);
      return stdout;
    },
  });
});

afterAll(async () => {
  await postfix?.[Symbol.asyncDispose]();
  for (const sink of Object.values(sinks)) await sink[Symbol.asyncDispose]();
  await a?.[Symbol.asyncDispose]();
  await b?.[Symbol.asyncDispose]();
  await network?.[Symbol.asyncDispose]();
  await dns?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

function mail(from: string, to: string, subject: string, more = ''): string {
  return `From: ${from}\nTo: ${to}\nSubject: ${subject}\nMessage-ID: <${hash('sha256', subject).slice(0, 16)}@test>\n${more}\nHello\n`;
}

/** How A's message to a recipient ended, or why it waits. */
async function outcome(recipient: string): Promise<{ end?: string; tls?: string; text?: string; attempts?: number }> {
  return await eventually(`A has tried to send to ${recipient}`, async () => {
    const retired = await a.command(['queue', 'retired', 'list', '--recipient', recipient, '--json']);
    const [ended] = retired.stdout.split('\n').filter((line) => line !== '');
    if (ended !== undefined) {
      const { end, lastResult } = JSON.parse(ended) as { end: string; lastResult?: { tls?: string; text: string } };
      return { end, ...(lastResult?.tls === undefined ? {} : { tls: lastResult.tls }) };
    }
    const listed = await a.command(['queue', 'list', '--recipient', recipient, '--json']);
    const [waiting] = listed.stdout.split('\n').filter((line) => line !== '');
    if (waiting === undefined) return undefined;
    const { attempts, lastResult } = JSON.parse(waiting) as { attempts: number; lastResult?: { text: string } };
    return attempts === 0 ? undefined : { attempts, text: lastResult?.text ?? '' };
  });
}

function header(message: Buffer, name: string): string {
  const text = message.toString('latin1').replaceAll(/\r?\n[ \t]+/g, ' ');
  return new RegExp(`^${name}: (.*?)\r?$`, 'im').exec(text)?.[1] ?? '';
}

describe('sites that publish what Restante prints for them', () => {
  it('are found to be right by config dnscheck', async () => {
    for (const [site, domain] of [
      [a, 'a.example'],
      [b, 'b.example'],
      [b, 'insecure.example'],
    ] as const) {
      const { stdout } = await site.command(['config', 'dnscheck', domain, '--json']);
      const verdicts = JSON.parse(stdout) as { about: string; verdict: string; text: string }[];
      const wrong = verdicts.filter(({ verdict }) => verdict === 'error');
      expect(wrong, domain).toEqual([]);
      const dane = verdicts.find(({ about }) => about === 'DANE');
      expect(dane).toMatchObject({ verdict: 'ok', text: 'the TLSA records are those of the certificates' });
    }
    const policy = await a.command(['mtasts', 'lookup', 'insecure.example']);
    expect(policy.stdout).toContain('mode: enforce\nmx: mx.b.example\n');
    const dial = await a.command(['dane', 'dial', 'mx.b.example']);
    expect([dial.code, dial.stdout]).toEqual([0, expect.stringContaining('by the authorities of this machine: valid')]);
  });

  it('send each other mail under DANE that passes SPF, DKIM and DMARC', async () => {
    await a.send('me@b.example', mail('me@a.example', 'me@b.example', 'between sites'));
    const stored = await awaitMail(b.reader, 'between sites');
    const results = header(stored, 'Authentication-Results');
    expect(results).toMatch(/^mx\.b\.example; iprev=pass \(mx\.a\.example\) policy\.iprev=192\.0\.2\.10; spf=pass /);
    expect(
      results.match(/dkim=pass header\.d=a\.example header\.s=[re] header\.a=(?:rsa|ed25519)-sha256/g),
    ).toHaveLength(2);
    expect(results).toContain('dmarc=pass header.from=a.example');
    expect(await outcome('me@b.example')).toEqual({ end: 'delivered', tls: 'dane' });
  });

  it('exchange mail with Postfix and OpenDKIM, both ways', async () => {
    await a.send('you@p.example', mail('me@a.example', 'you@p.example', 'to Postfix'));
    const [received] = await eventually('Postfix has the message', async () => {
      const found = await postfix.mail('you');
      return found.length === 1 ? found : undefined;
    });
    expect(header(received!, 'Authentication-Results')).toMatch(/dkim=pass .*header\.d=a\.example/);

    await postfix.submit('you@p.example', 'me@b.example', mail('you@p.example', 'me@b.example', 'from Postfix'));
    const stored = await awaitMail(b.reader, 'from Postfix');
    const results = header(stored, 'Authentication-Results');
    expect(results).toContain('spf=pass smtp.mailfrom=you@p.example');
    expect(results).toContain('dkim=pass header.d=p.example header.s=s header.a=rsa-sha256');
    expect(results).toContain('dmarc=pass header.from=p.example');
    // Postfix, too, holds us to the TLSA records that we print.
    await eventually(
      'Postfix logs the delivery',
      async () => /Verified TLS connection established to mx\.b\.example/.test(await postfix.log()) || undefined,
    );
  });
});

describe('a DKIM key', () => {
  it('is changed for another one, step by step, while mail goes on', async () => {
    const added = await a.command(['config', 'dkim', 'add', 'a.example', '2030a', '--type', 'ed25519']);
    expect([added.code, added.stdout]).toEqual([
      0,
      expect.stringMatching(/^2030a\._domainkey\.a\.example\. .* TXT "v=DKIM1; k=ed25519; p=/),
    ]);
    const check = async (): Promise<string> => (await a.command(['config', 'dnscheck', 'a.example'])).stdout;
    expect(await check()).toContain('note     DKIM 2030a: there is no record at 2030a._domainkey.a.example');
    signed.push(added.stdout.trim());
    await dns.publish(signed, insecure);
    expect(await check()).toContain('ok       DKIM 2030a: is published, and does not sign');
    for (const change of [
      ['sign', '2030a'],
      ['unsign', 'r'],
      ['unsign', 'e'],
    ]) {
      expect(await a.command(['config', 'dkim', change[0]!, 'a.example', change[1]!])).toMatchObject({ code: 0 });
    }
    await a.send('me@b.example', mail('me@a.example', 'me@b.example', 'newly signed'));
    const results = header(await awaitMail(b.reader, 'newly signed'), 'Authentication-Results');
    expect(results.match(/dkim=\S+ header\.d=\S+ header\.s=\S+/g)).toEqual([
      'dkim=pass header.d=a.example header.s=2030a',
    ]);
    expect(await a.command(['config', 'dkim', 'rm', 'a.example', 'r'])).toMatchObject({ code: 0 });
    const refused = await a.command(['config', 'dkim', 'rm', 'a.example', '2030a']);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('mail is signed with it')]);
  });
});

describe('mail to domains that are not what they should be', () => {
  it.each([
    ['another key than its TLSA record says', 'dane-wrong.example', 'no TLSA record matches the certificate'],
    [
      'an expired certificate of the authority that its TLSA record names',
      'expired-anchor.example',
      'the certificate is valid until',
    ],
    ['no STARTTLS, though it has TLSA records', 'stripped.example', 'it does not offer STARTTLS'],
  ])('waits when the server has %s', async (_, domain, text) => {
    await a.send(`x@${domain}`, mail('me@a.example', `x@${domain}`, domain));
    expect((await outcome(`x@${domain}`)).text).toContain(text);
    expect(sinks[domain]!.received).toEqual([]);
  });

  it('goes to a server whose expired certificate is the one of its TLSA record', async () => {
    await a.send('x@expired.example', mail('me@a.example', 'x@expired.example', 'expired'));
    expect(await outcome('x@expired.example')).toEqual({ end: 'delivered', tls: 'dane' });
  });

  it('is kept by the policy seen before, when an attacker answers for the DNS and the server', async () => {
    await a.send('me@insecure.example', mail('me@a.example', 'me@insecure.example', 'under MTA-STS'));
    expect(await outcome('me@insecure.example')).toEqual({ end: 'delivered', tls: 'mta-sts' });
    const sink = await addSink('attacker.example', 110, certificateFor('attacker.example', { issuer: undefined }));
    // Another mail exchanger, and no word of the policy any more.
    await dns.publish(signed, ['@ IN MX 1 mx.attacker.example.', '@ IN TXT "v=spf1 -all"']);
    await a.send('you@insecure.example', mail('me@a.example', 'you@insecure.example', 'downgraded'));
    expect((await outcome('you@insecure.example')).text).toContain(
      'the MTA-STS policy does not name mx.attacker.example',
    );
    expect(sink.received).toEqual([]);
    await dns.publish(signed, insecure);
  });

  it('comes back when it requires TLS and the way there has none', async () => {
    const { code, stderr } = await a.command(
      ['sendmail', '-f', 'me@a.example', 'x@plain.example'],
      mail('me@a.example', 'x@plain.example', 'not required'),
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(await outcome('x@plain.example')).toEqual({ end: 'delivered', tls: 'none' });
    await submitRequiringTls('y@plain.example', 'required');
    expect((await outcome('y@plain.example')).end).toBe('failed');
    const notice = await awaitMail(a.reader, 'Undelivered');
    expect(notice.toString()).toContain('5.7.');
    await submitRequiringTls('me@b.example', 'required at b');
    expect(header(await awaitMail(b.reader, 'required at b'), 'Subject')).toBe('required at b');
  });
});

/** As a mail program would: swaks knows no REQUIRETLS, so curl's sibling for a raw session is Python's smtplib. */
async function submitRequiringTls(recipient: string, subject: string): Promise<void> {
  const script = `
import smtplib, ssl, sys
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
with smtplib.SMTP('192.0.2.10', 587) as client:
    client.starttls(context=context); client.login('me@a.example', 'secret')
    client.sendmail('me@a.example', [sys.argv[1]], sys.stdin.read(), mail_options=['REQUIRETLS'])
`;
  const { code, stderr } = await postfixHost.run(
    'python3',
    ['-c', script, recipient],
    mail('me@a.example', recipient, subject),
  );
  expect([code, stderr]).toEqual([0, '']);
}

describe('a report on TLS', () => {
  it('of the day before is sent to the domains that it is about, and read there', async () => {
    const listed = async (site: Site, ...args: string[]) =>
      JSON.parse((await site.command(['tlsrpt', ...args, '--json'])).stdout) as {
        reportDomain?: string;
        day?: number;
        policies: { type: string; domain: string; successes: number; failures: number }[];
      }[];
    const gathered = await listed(a, 'results', 'list');
    const noted = gathered.find(({ reportDomain }) => reportDomain === 'b.example')!;
    expect(noted.policies.map(({ type }) => type).sort()).toEqual(['sts', 'tlsa']);
    await a.restart((dataDirectory) => {
      const database = new SqliteDatabase(join(dataDirectory, 'tlsrptresult.db'));
      database.exec('UPDATE result SET day = day - 1');
      database.close();
    });
    const reports = await eventually('B has the reports', async () => {
      const found = await listed(b, 'reports', 'list', '--domain', 'b.example');
      return found.length > 0 ? found : undefined;
    });
    expect(reports[0]).toMatchObject({ sender: 'a.example', organization: 'a.example', policies: noted.policies });
    const message = await awaitMail(b.reader, 'Report Domain: b.example Submitter: a.example', 'Reports');
    expect(header(message, 'TLS-Report-Submitter')).toBe('a.example');
    // Nobody reports on reports: of today, when that one was sent, there is nothing.
    const today = Math.floor(Date.now() / 86_400_000);
    expect((await listed(a, 'results', 'list')).filter(({ day }) => day === today)).toEqual([]);
  });
});

describe('servers that are difficult', () => {
  it('that greylist get the message at the next try', async () => {
    const sink = sinks['greylist.example']!;
    let tries = 0;
    sink.reply = (command) => (command.startsWith('RCPT') && ++tries === 1 ? '451 4.7.1 Greylisted' : undefined);
    await a.send('x@greylist.example', mail('me@a.example', 'x@greylist.example', 'patience'));
    expect(await outcome('x@greylist.example')).toMatchObject({ attempts: 1, text: 'Greylisted' });
    await a.command(['queue', 'schedule', '--recipient', 'x@greylist.example', '--now']);
    await eventually('the second try succeeds', async () => sink.received.length === 1 || undefined);
  });

  it.each([
    ['at DATA', { command: 'DATA', copies: 1 }],
    ['amid the message', { lines: 2, copies: 1 }],
    // Who has taken a message and does not say so gets it again (RFC 5321 §4.1.1.4), under the same Message-ID.
    ['after the final dot', { command: '.', copies: 2 }],
    ['at QUIT', { command: 'QUIT', copies: 1 }],
  ] as [string, { command?: string; lines?: number; copies: number }][])(
    'that drop the connection %s get the message all the same, and no more often than they must',
    async (what, drop) => {
      const sink = sinks['drops.example']!;
      sink.received.length = 0;
      let dropped = false;
      sink.closeAfterLines = drop.lines;
      sink.reply = (command) => {
        if (dropped || command.toUpperCase() !== drop.command) return undefined;
        dropped = true;
        return 'close';
      };
      const to = `${what.replaceAll(' ', '-')}@drops.example`;
      await a.send(to, mail('me@a.example', to, `dropped ${what}`));
      const first = await outcome(to);
      sink.closeAfterLines = undefined;
      if (drop.command === 'QUIT') expect(first.end).toBe('delivered');
      else {
        expect(first.attempts).toBe(1);
        await a.command(['queue', 'schedule', '--recipient', to, '--now']);
      }
      await eventually('it is out of the queue', async () => (await outcome(to)).end);
      const ids = sink.received.map(({ content }) => /^Message-ID: (.*)$/m.exec(content)?.[1]);
      expect(ids).toHaveLength(drop.copies);
      expect(new Set(ids).size).toBe(1);
    },
  );
});

describe('mail that is not what it says', () => {
  it('is let in when a forwarder has changed it whom the site trusts, as its ARC seal shows, and refused elsewhere', async () => {
    const results = 'forwarder.example; dmarc=pass header.from=a.example; dkim=pass header.d=a.example';
    const forwarded = sealMessage(mail('me@a.example', 'me@b.example', '[club] forwarded').replaceAll('\n', '\r\n'), {
      domain: 'forwarder.example',
      key: forwarder.privateKey,
      results,
    });
    const script = `
import smtplib, sys
with smtplib.SMTP(sys.argv[1], 25) as client:
    client.sendmail('club@forwarder.example', [sys.argv[2]], sys.stdin.read())
`;
    const send = (address: string, to: string) => postfixHost.run('python3', ['-c', script, address, to], forwarded);
    expect(await send('192.0.2.20', 'me@b.example')).toMatchObject({ code: 0 });
    const stored = await awaitMail(b.reader, '[club] forwarded');
    expect(header(stored, 'Authentication-Results')).toMatch(/dmarc=fail \(p=reject\) .*arc=pass/);
    expect(header(stored, 'X-Restante-Reason')).toMatch(/^arc-override /);
    expect((await send('192.0.2.10', 'me@a.example')).stderr).toMatch(/550.*not from a\.example/s);
  });

  it('is refused when it is forged in the name of a domain whose policy is reject', async () => {
    const script = `
import smtplib, sys
with smtplib.SMTP('192.0.2.20', 25) as client:
    client.sendmail('x@plain.example', ['me@b.example'], sys.stdin.read())
`;
    const { stderr } = await postfixHost.run('python3', ['-c', script], mail('me@a.example', 'me@b.example', 'forged'));
    expect(stderr).toMatch(/550.*not from a\.example/s);
  });
});
