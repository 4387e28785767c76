import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmtpSink } from '../../src/queue/smtp-sink.ts';
import { DnsServer, type Zone } from '../harness/dns-server.ts';
import { proxiedSmtp, sendFrom } from '../harness/send-from.ts';
import { runCommand } from '../harness/start-test-server.ts';
import { AttackedServer } from './attacked-server.ts';
import { RawConnection } from './raw-connection.ts';

/** What strangers do with mail itself, to a server that looks them up in a DNS of theirs and sends through a relay of ours. */
let attacked: AttackedServer;
let dns: DnsServer;
let sink: SmtpSink;
let port: number;

const ip = '203.0.113.66';
const absurd: Zone = {
  'records.example': {
    TXT: ['v=spf1 -all', ...Array.from({ length: 3_000 }, (_, at) => `v=spf1 ip4:10.0.${at % 256}.1`)],
  },
  'long.example': { TXT: [Array.from({ length: 200 }, () => 'x'.repeat(255))] },
  'itself.example': { TXT: ['v=spf1 include:itself.example redirect=itself.example'] },
  'wide.example': {
    TXT: [
      `v=spf1 ${Array.from({ length: 200 }, (_, at) => `include:w${at}.wide.example`).join(' ')} -all`.match(
        /.{1,255}/g,
      )!,
    ],
  },
  'exchangers.example': {
    TXT: ['v=spf1 mx a ptr exists:%{l}.%{d} -all'],
    MX: Array.from({ length: 1_500 }, (_, at) => ({ preference: at, exchange: `m${at}.exchangers.example` })),
  },
  'circle.example': { CNAME: ['circle2.example'] },
  'circle2.example': { CNAME: ['circle.example'] },
  '66.113.0.203.in-addr.arpa': { PTR: Array.from({ length: 2_000 }, (_, at) => `h${at}.names.example`) },
  '_dmarc.long.example': {
    TXT: [['v=DMARC1; p=reject; ', ...Array.from({ length: 200 }, () => 'rua=mailto:x; '.repeat(18))]],
  },
  'k._domainkey.long.example': { TXT: [['v=DKIM1; p=', ...Array.from({ length: 200 }, () => 'A'.repeat(255))]] },
};

beforeAll(async () => {
  dns = await DnsServer.start(absurd);
  sink = await SmtpSink.start();
  const smtp = await proxiedSmtp();
  port = smtp.port;
  attacked = await AttackedServer.start({
    accounts: ['me', 'you', 'canary'],
    settings: `${smtp.settings}resolver: { servers: ["${dns.address}"], timeout: 500 ms }
transports: { sink: { host: localhost, port: ${sink.port}, tls: none } }
relay: sink`,
    domains: 'aliases:\n  list@example.org: { members: [me@example.org, you@example.org], postPublic: true }\n',
  });
}, 120_000);

afterAll(async () => {
  try {
    await attacked.expectUnharmed();
  } finally {
    await attacked[Symbol.asyncDispose]();
    await sink[Symbol.asyncDispose]();
    await dns[Symbol.asyncDispose]();
  }
});

function letter(from: string, more = ''): string {
  return `From: ${from}\r\nSubject: hello\r\n${more}\r\nhello\r\n`;
}

/** Waiting and finished, as the queue tells of both. */
async function queued(): Promise<string> {
  const config = ['--config', attacked.server.configPath];
  const [waiting, ended] = await Promise.all([
    runCommand(['queue', 'list', '--json', ...config]),
    runCommand(['queue', 'retired', 'list', '--json', ...config]),
  ]);
  return waiting.stdout + ended.stdout;
}

describe('DNS answers', { timeout: 120_000 }, () => {
  it('of absurd counts and sizes, in circles and without end, hold up neither their message for long nor others at all', async () => {
    attacked.startCanary();
    const signature = 'DKIM-Signature: v=1; a=rsa-sha256; d=long.example; s=k; h=from; bh=AAAA; b=AAAA\r\n';
    for (const domain of Object.keys(absurd).filter((name) => /^[a-z0-9]+\.example$/.test(name))) {
      const startedAt = Date.now();
      const reply = await sendFrom(port, ip, `x@${domain}`, letter(`x@${domain}`, signature));
      expect(reply, domain).toMatch(/^(?:250|451|550) /);
      expect(Date.now() - startedAt, domain).toBeLessThan(45_000);
    }
    const { slowestMs } = await attacked.stopCanary();
    expect(slowestMs).toBeLessThan(5_000);
    // RFC 7208 §4.6.4: ten lookups, and two that find nothing.
    const asked = dns.queries.filter(({ name }) => /^w\d+\.wide\.example$/.test(name));
    expect(asked.length).toBeLessThanOrEqual(20);
    expect(dns.queries.filter(({ name }) => /^m\d+\.exchangers/.test(name)).length).toBeLessThanOrEqual(20);
    expect(dns.queries.filter(({ name }) => /^h\d+\.names/.test(name)).length).toBeLessThanOrEqual(40);
  });
});

describe('backscatter', { timeout: 60_000 }, () => {
  it('does not come of mail with a forged sender, whatever it is refused for', async () => {
    using client = await RawConnection.open(port);
    client.send(`PROXY TCP4 ${ip} 127.0.0.1 1000 25\r\nEHLO attacker.example\r\nMAIL FROM:<victim@victim.example>\r\n`);
    await client.until(/^250 2\.1\.0.*\r\n/m);
    for (const unknown of ['nobody@example.org', 'nobody-else@example.org', 'x@elsewhere.example']) {
      expect(await client.ask(`RCPT TO:<${unknown}>`, /^5\d\d .*\r\n/m)).toMatch(/^550 5\.(?:1\.1|7\.1) /m);
    }
    const twoAuthors = 'From: a@victim.example\r\nFrom: b@victim.example\r\nSubject: x\r\n\r\nx\r\n';
    expect(
      await sendFrom(port, ip, 'victim@victim.example', twoAuthors, ['me@example.org', 'you@example.org']),
    ).toMatch(/^550 /);
    const received = 'Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000\r\n'.repeat(150);
    expect(await sendFrom(port, ip, 'victim@victim.example', letter('a@b.example', received))).toMatch(/^554 5\.4\.6 /);
    expect(await queued()).toBe('');
    expect(sink.received).toEqual([]);
  });
});

describe('mail loops', { timeout: 60_000 }, () => {
  it('end at a list that a message has been through, and after a hundred servers', async () => {
    const looped = letter('a@b.example', 'Delivered-To: list@example.org\r\n');
    expect(await sendFrom(port, ip, 'a@b.example', looped, ['list@example.org'])).toMatch(/^554 5\.4\.6 /);
    const received = 'Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000\r\n';
    expect(await sendFrom(port, ip, 'a@b.example', letter('a@b.example', received.repeat(101)))).toMatch(
      /^554 5\.4\.6 /,
    );
    expect(await sendFrom(port, ip, 'a@b.example', letter('a@b.example', received.repeat(50)))).toMatch(/^250 /);
  });
});

describe('SMTP smuggling out of the server', { timeout: 60_000 }, () => {
  const inner =
    'MAIL FROM:<boss@example.org>\r\nRCPT TO:<victim@victim.example>\r\nDATA\r\nFrom: boss@example.org\r\n\r\nPay!\r\n';
  const ends = ['\n.\r\n', '\r\n.\n', '\n.\n', '\r.\r', '\r\n.\r', '\r.\r\n', '\r\n\0.\r\n'];

  it.each(ends.map((end) => [JSON.stringify(end), end]))('by %s is refused at submission', async (_, end) => {
    using client = await RawConnection.open(attacked.ports.submission);
    await client.until(/^220 .*\r\n/m);
    await client.ask('EHLO me.example', /^250 .*\r\n/m);
    const login = Buffer.from('\0me@example.org\0secret').toString('base64');
    await client.ask(`AUTH PLAIN ${login}`, /^235 .*\r\n/m);
    await client.ask('MAIL FROM:<me@example.org>', /^250 .*\r\n/m);
    await client.ask('RCPT TO:<friend@elsewhere.example>', /^250 .*\r\n/m);
    await client.ask('DATA', /^354 .*\r\n/m);
    client.received = '';
    client.send(`From: me@example.org\r\nSubject: smuggled\r\n\r\nHello${end}${inner}\r\n.\r\n`);
    await client.until(/^\d{3} .*\r\n/m);
    const isHarmless = client.received.startsWith('250');
    if (isHarmless) {
      await expect.poll(() => sink.received.length, { timeout: 20_000 }).toBe(1);
      // One message, with what was to be another one as its text.
      expect(sink.received[0]?.recipients).toEqual(['RCPT TO:<friend@elsewhere.example>']);
      expect(sink.received[0]?.content).toContain('Pay!');
      sink.received.length = 0;
    } else expect(client.received).toMatch(/^5\d\d /);
    expect(sink.commands.filter((line) => /boss@|victim@/.test(line))).toEqual([]);
  });

  it.each(ends.map((end) => [JSON.stringify(end), end]))(
    'by %s in a message of a program here stays in its message',
    async (_, end) => {
      const { code } = await runCommand(
        ['sendmail', '-i', '-f', 'me@example.org', 'friend@elsewhere.example', '--config', attacked.server.configPath],
        `From: me@example.org\nSubject: smuggled\n\nHello${end}${inner}`,
      );
      if (code === 0) {
        await expect.poll(() => sink.received.length, { timeout: 20_000 }).toBe(1);
        expect(sink.received[0]?.recipients).toEqual(['RCPT TO:<friend@elsewhere.example>']);
        sink.received.length = 0;
      }
      expect(sink.commands.filter((line) => /boss@|victim@/.test(line))).toEqual([]);
    },
  );
});
