import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dkimSign } from '../../src/mailauth/dkim/dkim-sign.ts';
import { DnsServer } from '../harness/dns-server.ts';
import { ImapTestClient } from '../harness/imap-client.ts';
import { proxiedSmtp, sendFrom } from '../harness/send-from.ts';
import { runCommand, startTestServer, type TestServer } from '../harness/start-test-server.ts';

let dns: DnsServer;
let server: TestServer;
let port: number;
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const dkimRecord = `v=DKIM1; k=ed25519; p=${publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')}`;

/** Each case has an account of its own. */
const accountSettings = {
  plain: '',
  sorter: '',
  stranger: '',
  lenient: 'subjectPass: 7 d',
  keeper: 'rejectsMailbox: Rejects',
  slow: 'firstTimeSenderDelay: 1 s',
  slowest: 'firstTimeSenderDelay: 5 m',
  sorted: `rulesets:
  - { headers: { Subject: "[build]*" }, mailbox: Builds }
  - { smtpMailFrom: "<>", mailbox: Bounces }
  - { msgFrom: "*@bücher.example", mailbox: Books }
  - { verifiedDomain: example.net, mailbox: Net }`,
  list: `rulesets:
  - { listAllowDomain: lists.example, mailbox: Lists/Team }`,
  forward: `rulesets:
  - { clientNetworks: [198.51.100.8/30], isForward: true, mailbox: Passed on }`,
  reserved: 'introductionMailbox: Introductions',
  curious: `rulesets:
  - { msgFrom: "*@example.net", acceptRejectsToMailbox: Suspicious }`,
};
const accounts = Object.keys(accountSettings);

beforeAll(async () => {
  dns = await DnsServer.start({
    'example.net': { TXT: ['v=spf1 ip4:192.0.2.0/29 -all'] },
    'a._domainkey.example.net': { TXT: [dkimRecord] },
    '_dmarc.example.net': { TXT: ['v=DMARC1; p=reject'] },
    'lists.example': { TXT: ['v=spf1 ip4:203.0.113.0/29 -all'] },
    '2.0.0.127.bl.example': { A: ['127.0.0.2'] },
    '9.100.51.198.bl.example': { A: ['127.0.0.4'] },
  });
  const smtp = await proxiedSmtp();
  port = smtp.port;
  server = await startTestServer({
    accounts,
    accountSettings,
    settings: `${smtp.settings}resolver: { servers: ["${dns.address}"] }
dnsBlocklists: [bl.example]`,
    domains: `aliases:
  everybody@example.org: { members: [plain@example.org, curious@example.org], postPublic: true }
`,
  });
}, 120_000);

afterAll(async () => {
  await server.stop();
  expect(await runCommand(['verifydata', server.dataDirectory])).toMatchObject({ code: 0 });
  await server[Symbol.asyncDispose]();
  await dns[Symbol.asyncDispose]();
}, 60_000);

const forged = (subject: string): string =>
  `From: boss@example.net\r\nMessage-ID: <${subject}@example.net>\r\nSubject: ${subject}\r\n\r\nPay me\r\n`;

async function send(
  to: string | readonly string[],
  message: string,
  { ip = '203.0.113.77', sender = 'x@other.example' } = {},
): Promise<string> {
  const recipients = [to].flat().map((name) => `${name}@example.org`);
  return await sendFrom(port, ip, sender, message, recipients);
}

/** Subjects of a mailbox, each with the reason that was written down. */
async function found(account: string, mailbox = 'INBOX'): Promise<string[]> {
  using client = await ImapTestClient.login(server.ports.imap, `${account}@example.org`);
  await client.ok(`SELECT "${mailbox}"`);
  const lines = await client.ok('FETCH 1:* (BODY.PEEK[HEADER])');
  return lines
    .filter((line) => line.includes('BODY['))
    .map((header) => {
      const [subject, reason] = ['Subject', 'X-Restante-Reason'].map(
        (name) => new RegExp(`^${name}: (.*)\r$`, 'm').exec(header)?.[1] ?? '',
      );
      return `${subject}: ${reason}`;
    });
}

async function signed(message: string, key: KeyObject = privateKey): Promise<string> {
  const content = (async function* () {
    yield Buffer.from(message);
  })();
  return (await dkimSign(content, async () => [{ domain: 'example.net', selector: 'a', key }], 0)) + message;
}

async function metric(series: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

async function lessons(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`)).text();
  return [...text.matchAll(/^restante_junk_lessons_total\{.*\} (\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
}

describe('reputation', { timeout: 60_000 }, () => {
  it('goes from authors to domains to networks, as the user sorts mail', async () => {
    const write = async (number: number, { ip = '192.0.2.3', domain = 'example.net' } = {}): Promise<void> => {
      const from = `author${number}@${domain}`;
      const text = `From: ${from}\r\nSubject: letter ${number}\r\n\r\nhello ${number}\r\n`;
      expect(await send('sorter', text, { ip, sender: from })).toMatch(/^250 /);
    };
    const before = await lessons();
    for (const number of [1, 2, 3]) await write(number);
    for (const number of [11, 12, 13, 14, 15]) await write(number, { ip: '203.0.113.50', domain: 'shop.example' });
    using client = await ImapTestClient.login(server.ports.imap, 'sorter@example.org');
    await client.ok('CREATE Kept');
    await client.ok('SELECT INBOX');
    await client.ok('MOVE 4:8 Junk');
    await client.ok('MOVE 1:3 Kept');
    await expect.poll(lessons, { timeout: 20_000 }).toBe(before + 8);
    await write(4);
    await write(16, { ip: '203.0.113.50', domain: 'other.example' });
    await write(17, { ip: '203.0.113.51', domain: 'other.example' });
    expect(await found('sorter')).toEqual([
      'letter 4: domain-reputation (of this domain 3 kept, 0 called junk)',
      'letter 17: no-objection',
    ]);
    expect((await found('sorter', 'Junk')).at(-1)).toBe(
      'letter 16: address-reputation (of this address 0 kept, 5 called junk)',
    );
  });
});

describe('a stranger', { timeout: 60_000 }, () => {
  it('whom the domain in MAIL FROM disowns is refused for now, unless a signature speaks for the message', async () => {
    const from = { ip: '198.51.100.77', sender: 'x@lists.example' };
    const text = 'From: x@lists.example\r\nSubject: disowned\r\n\r\nhello\r\n';
    expect(await send('stranger', text, from)).toMatch(
      /^451 4\.7\.23 198\.51\.100\.77 may not send for lists\.example/,
    );
    expect(await send('stranger', await signed(forged('signed')), from)).toMatch(/^250 /);
    expect(await found('stranger')).toEqual(['signed: no-objection']);
  });
});

describe('a first-time sender', { timeout: 60_000 }, () => {
  it('is introduced in a mailbox of its own, and known once it is moved out of there', async () => {
    const write = (subject: string) =>
      send('reserved', `From: new@example.net\r\nSubject: ${subject}\r\n\r\nhello ${subject}\r\n`, {
        ip: '192.0.2.3',
        sender: 'new@example.net',
      });
    expect(await write('first')).toMatch(/^250 /);
    expect(await found('reserved', 'Introductions')).toEqual(['first: introduction']);
    const before = await lessons();
    using client = await ImapTestClient.login(server.ports.imap, 'reserved@example.org');
    await client.ok('SELECT Introductions');
    await client.ok('MOVE 1 INBOX');
    await expect.poll(lessons, { timeout: 20_000 }).toBe(before + 1);
    expect(await write('second')).toMatch(/^250 /);
    expect((await found('reserved')).at(-1)).toBe('second: author-reputation (of this author 1 kept, 0 called junk)');
  });

  it('waits for the reply, and others do not', async () => {
    const text = (subject: string) => `From: a@other.example\r\nSubject: ${subject}\r\n\r\nhello\r\n`;
    const startedAt = Date.now();
    expect(await send('slow', text('first'))).toMatch(/^250 /);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1000);
    expect(await metric('restante_first_time_delays_total{result="waited"}')).toBe(1);
    const told = ['sendmail', '-f', 'slow@example.org', 'friend@lists.example', '--config', server.configPath];
    expect(await runCommand(told, 'Subject: hello\n\nhello\n')).toMatchObject({ code: 0 });
    await expect
      .poll(
        async () => {
          const known = 'From: friend@lists.example\r\nSubject: known\r\n\r\nhello\r\n';
          const before = await metric('restante_first_time_delays_total{result="waited"}');
          await send('slow', known, { ip: '203.0.113.3', sender: 'friend@lists.example' });
          return (await metric('restante_first_time_delays_total{result="waited"}')) - before;
        },
        { timeout: 20_000 },
      )
      .toBe(0);
    expect(await found('slow')).toContain('known: known-correspondent');
  });
});

describe('whoever is on a blocklist', { timeout: 60_000 }, () => {
  it('gets through with the token from the refusal in the subject', async () => {
    const text = (subject: string) => `From: a@other.example\r\nSubject: ${subject}\r\n\r\nhello\r\n`;
    const listed = { ip: '198.51.100.9' };
    expect(await send('plain', text('hello'), listed)).toMatch(/^550 (?!.*pass-)/);
    const refusal = await send('lenient', text('hello'), listed);
    const [token] = /pass-\w+/.exec(refusal) ?? [];
    expect(token, refusal).toBeDefined();
    expect(await send('lenient', text(`hello ${token}`), listed)).toMatch(/^250 /);
    expect(await found('lenient')).toEqual([`hello ${token}: subject-pass`]);
  });
});

describe('what is refused', { timeout: 60_000 }, () => {
  it('is kept for users who want to see it, until it arrives after all', async () => {
    expect(await send('keeper', forged('lost'))).toMatch(/^550 5\.7\.1 .*DMARC/);
    expect(await send(['keeper', 'plain'], forged('lost'))).toMatch(/^550 5\.7\.1 .*DMARC/);
    expect(await send('keeper', forged('stays'))).toMatch(/^550 /);
    const reason = 'dmarc-reject (example.net is not the sender, and its policy is reject)';
    expect(await found('keeper', 'Rejects')).toEqual([`lost: ${reason}`, `stays: ${reason}`]);
    expect(await send('keeper', await signed(forged('lost')))).toMatch(/^250 /);
    expect(await found('keeper')).toEqual(['lost: no-objection']);
    expect(await found('keeper', 'Rejects')).toEqual([`stays: ${reason}`]);
  });
});

describe('rulesets', { timeout: 60_000 }, () => {
  it('send mail to mailboxes by what it is, wherever it comes from', async () => {
    const text = (subject: string, from = 'ci@other.example') =>
      `From: ${from}\r\nSubject: ${subject}\r\n\r\nhello\r\n`;
    expect(await send('sorted', text('=?UTF-8?Q?=5Bbuild=5D_failed?='))).toMatch(/^250 /);
    expect(await send('sorted', text('returned'), { sender: '' })).toMatch(/^250 /);
    expect(await send('sorted', text('novel', 'shop@xn--bcher-kva.example'))).toMatch(/^250 /);
    const net = { ip: '192.0.2.3', sender: 'a@example.net' };
    expect(await send('sorted', text('verified', 'a@example.net'), net)).toMatch(/^250 /);
    expect(await send('sorted', text('rest'))).toMatch(/^250 /);
    const local = ['sendmail', '-f', 'plain@example.org', 'sorted@example.org', '--config', server.configPath];
    expect(await runCommand(local, 'Subject: [build] here\n\nhello\n')).toMatchObject({ code: 0 });
    await expect
      .poll(() => found('sorted', 'Builds'))
      .toEqual(['=?UTF-8?Q?=5Bbuild=5D_failed?=: no-objection', '[build] here: ']);
    expect(await found('sorted', 'Bounces')).toEqual(['returned: no-objection']);
    expect(await found('sorted', 'Books')).toEqual(['novel: no-objection']);
    expect(await found('sorted', 'Net')).toEqual(['verified: no-objection']);
    expect(await found('sorted')).toEqual(['rest: no-objection']);
  });

  it('let in what a mailing list passes on, though it breaks the signatures of authors', async () => {
    const list = 'List-Id: <team.lists.example>\r\n';
    const from = { ip: '203.0.113.3', sender: 'team-bounces@lists.example' };
    expect(await send('plain', list + forged('to all'), from)).toMatch(/^550 5\.7\.1 .*DMARC/);
    expect(await send('list', list + forged('to the list'), from)).toMatch(/^250 /);
    // No list, or not shown to be this one.
    expect(await send('list', forged('no list'), from)).toMatch(/^550 5\.7\.1 .*DMARC/);
    expect(await send('list', list + forged('false'), { ...from, ip: '203.0.113.77' })).toMatch(/^(?:451|550) /);
    expect(await found('list', 'Lists/Team')).toEqual(['to the list: list-rule (lists.example)']);
    expect(await found('list')).toEqual([]);
  });

  it('hold nothing against mail that another server of the user passes on', async () => {
    const forwarder = { ip: '198.51.100.9', sender: 'boss@example.net' };
    expect(await send('plain', await signed(forged('passed on')), forwarder)).toMatch(/^550 5\.7\.1 .*blocklist/);
    expect(await send('forward', await signed(forged('passed on')), forwarder)).toMatch(/^250 /);
    expect(await send('forward', forged('unsigned'), forwarder)).toMatch(/^250 /);
    expect(await send('forward', forged('elsewhere'), { ...forwarder, ip: '198.51.100.99' })).toMatch(/^(?:451|550) /);
    expect(await found('forward', 'Passed on')).toEqual(['passed on: no-objection', 'unsigned: no-objection']);
  });

  it('let a user have what all others refuse; what everybody refuses is refused in the reply', async () => {
    expect(await send(['plain', 'list'], forged('for two'))).toMatch(/^550 5\.7\.1 .*DMARC/);
    expect(await send('curious', forged('for one'))).toMatch(/^250 /);
    const reason = 'dmarc-reject (example.net is not the sender, and its policy is reject)';
    expect(await found('curious', 'Suspicious')).toEqual([`for one: ${reason}`]);
    expect(await send(['plain', 'curious'], forged('for both'))).toMatch(/^250 /);
    expect(await found('curious', 'Suspicious')).toHaveLength(2);
    expect(await found('plain', 'Junk')).toEqual([`for both: ${reason}`]);
    expect(await send('everybody', forged('for all'))).toMatch(/^250 /);
    expect(await found('curious', 'Suspicious')).toHaveLength(3);
  });
});

describe('a server that stops', { timeout: 60_000 }, () => {
  it('makes nobody wait any more, and keeps what it accepts then', async () => {
    const waited = 'restante_first_time_delays_total{result="waited"}';
    const before = await metric(waited);
    const waiting = send('slowest', 'From: a@other.example\r\nSubject: waits\r\n\r\nhello\r\n');
    await expect.poll(() => metric(waited)).toBe(before + 1);
    const stoppedAt = Date.now();
    await server.stop();
    expect(Date.now() - stoppedAt).toBeLessThan(4_000);
    expect(await waiting).toMatch(/^250 /);
  });
});
