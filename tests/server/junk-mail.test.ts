import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DnsServer } from '../harness/dns-server.ts';
import { ImapTestClient } from '../harness/imap-client.ts';
import { proxiedSmtp, sendFrom } from '../harness/send-from.ts';
import { runCommand, startTestServer, type TestServer } from '../harness/start-test-server.ts';

let dns: DnsServer;
let server: TestServer;
let port: number;

beforeEach(async () => {
  dns = await DnsServer.start({
    'example.net': { TXT: ['v=spf1 ip4:192.0.2.0/29 -all'] },
    '_dmarc.example.net': { TXT: ['v=DMARC1; p=reject'] },
    'soft.example': { TXT: ['v=spf1 -all'] },
    '_dmarc.soft.example': { TXT: ['v=DMARC1; p=quarantine'] },
    '2.0.0.127.bl.example': { A: ['127.0.0.2'] },
    '9.100.51.198.bl.example': { A: ['127.0.0.4'], TXT: ['sends junk'] },
    '1.0.0.127.wild.example': { A: ['127.0.0.2'] },
    '9.100.51.198.wild.example': { A: ['127.0.0.2'] },
  });
  const smtp = await proxiedSmtp();
  port = smtp.port;
  server = await startTestServer({
    accounts: ['me', 'you'],
    settings: `${smtp.settings}resolver: { servers: ["${dns.address}"] }
dnsBlocklists: [wild.example, bl.example]`,
  });
}, 60_000);

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await dns[Symbol.asyncDispose]();
});

const spam = (number: number): string =>
  `From: Deals <deals${number}@shop.example>\r\nSubject: Cheap pills offer ${number}\r\n\r\n` +
  `Buy cheap pills now at http://pills.example/${number} and save money ${number}\r\n`;
const plain = (number: number): string =>
  `From: Friend <friend${number}@club.example>\r\nSubject: Dinner on day ${number}\r\n\r\n` +
  `Shall we meet for dinner after choir practice on day ${number}?\r\n`;

async function subjects(mailbox: string, account = 'me'): Promise<{ subject: string; reason: string }[]> {
  using client = await ImapTestClient.login(server.ports.imap, `${account}@example.org`);
  await client.ok(`SELECT ${mailbox}`);
  const lines = await client.ok('FETCH 1:* (BODY.PEEK[HEADER])');
  return lines
    .filter((line) => line.includes('BODY['))
    .map((header) => ({
      subject: /^Subject: (.*)\r$/m.exec(header)?.[1] ?? '',
      reason: /^X-Restante-Reason: (.*)\r$/m.exec(header)?.[1] ?? '',
    }));
}

async function metric(line: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((each) => each.startsWith(`${line} `))
      ?.slice(line.length + 1) ?? 0,
  );
}

async function lessons(): Promise<number> {
  return (
    (await metric('restante_junk_lessons_total{kind="junk"}')) +
    (await metric('restante_junk_lessons_total{kind="ham"}'))
  );
}

/** Fills the account with mail that its user has sorted: 25 of each kind. @param inInbox messages that are there already */
async function sortMail(inInbox: number): Promise<void> {
  using client = await ImapTestClient.login(server.ports.imap, 'me@example.org');
  for (let number = 0; number < 25; number++) {
    await client.append('INBOX', spam(number));
    await client.append('Archive', plain(number));
  }
  await client.ok('SELECT INBOX');
  await client.ok(`MOVE ${inInbox + 1}:* Junk`);
  await expect.poll(lessons, { timeout: 20_000 }).toBe(50);
}

describe('mail from other servers', { timeout: 90_000 }, () => {
  it('is refused, or taken for junk, as the DMARC policy of its author says', async () => {
    const forged = 'From: boss@example.net\r\nSubject: forged\r\n\r\nPay me\r\n';
    expect(await sendFrom(port, '192.0.2.3', 'boss@example.net', forged.replace('forged', 'right'))).toMatch(/^250 /);
    expect(await sendFrom(port, '198.51.100.1', 'x@other.example', forged)).toMatch(
      /^550 5\.7\.1 .*not from example\.net.* DMARC/,
    );
    const soft = 'From: it@soft.example\r\nSubject: soft\r\n\r\nPay me\r\n';
    expect(await sendFrom(port, '198.51.100.1', 'x@other.example', soft)).toMatch(/^250 /);
    expect(await subjects('INBOX')).toEqual([{ subject: 'right', reason: 'no-objection' }]);
    expect(await subjects('Junk')).toEqual([
      { subject: 'soft', reason: 'dmarc-quarantine (soft.example is not the sender, and its policy is quarantine)' },
    ]);
    expect(await metric('restante_incoming_decisions_total{action="refuse",reason="dmarc-reject"}')).toBe(1);
    expect(await server.command('queue', 'list')).toMatchObject({
      stdout: expect.not.stringContaining('other.example'),
    });
  });

  it('is refused without an author, or with several From fields', async () => {
    const twice = 'From: a@example.net\r\nFrom: b@other.example\r\nSubject: two\r\n\r\nPay me\r\n';
    expect(await sendFrom(port, '192.0.2.3', 'a@example.net', twice)).toMatch(/^550 5\.6\.0 .*has 2 From fields/);
    const none = 'Subject: none\r\n\r\nPay me\r\n';
    expect(await sendFrom(port, '192.0.2.3', 'a@example.net', none)).toMatch(/^550 5\.6\.0 .*has no From fields/);
    expect(await subjects('INBOX')).toEqual([]);
    expect(await subjects('Junk')).toEqual([]);
  });

  it('is refused from addresses that are on a list, while lists that do not work are passed over', async () => {
    expect(await sendFrom(port, '198.51.100.9', 'x@other.example', plain(1))).toMatch(
      /^550 5\.7\.1 Your address 198\.51\.100\.9 is on the blocklist bl\.example: sends junk/,
    );
    expect(await sendFrom(port, '198.51.100.8', 'x@other.example', plain(2))).toMatch(/^250 /);
    expect(await subjects('INBOX')).toMatchObject([{ subject: 'Dinner on day 2' }]);
    const config = ['--config', server.configPath];
    expect(await runCommand(['dnsbl', 'check', '198.51.100.9', 'bl.example', ...config])).toMatchObject({
      code: 1,
      stdout: 'bl.example: listed: sends junk\n',
    });
    expect(await runCommand(['dnsbl', 'check', '198.51.100.8', 'bl.example', ...config])).toMatchObject({
      code: 0,
      stdout: 'bl.example: not listed\n',
    });
    expect(await runCommand(['dnsbl', 'checkhealth', ...config])).toMatchObject({
      code: 1,
      stdout:
        'DNS blocklist wild.example: lists 127.0.0.1, which no list may: it lists everything\nbl.example: works\n',
    });
  });

  it('that some refuse and others take goes to the junk of those who refuse: a forged sender gets no DSN', async () => {
    const sent = await runCommand(
      ['sendmail', '-f', 'you@example.org', 'friend@lists.example', '--config', server.configPath],
      'Subject: hello\n\nhello\n',
    );
    expect(sent, sent.stderr).toMatchObject({ code: 0 });
    dns.zone['lists.example'] = { TXT: ['v=spf1 ip4:198.51.100.9 -all'] };
    const text = 'From: friend@lists.example\r\nSubject: both\r\n\r\nhello\r\n';
    const both = ['me@example.org', 'you@example.org'];
    await expect
      .poll(async () => {
        await sendFrom(port, '198.51.100.9', 'friend@lists.example', text, both);
        return (await subjects('INBOX', 'you')).length;
      })
      .toBeGreaterThan(0);
    expect(await subjects('INBOX', 'you')).toContainEqual({ subject: 'both', reason: 'known-correspondent' });
    expect(await subjects('Junk')).toContainEqual({ subject: 'both', reason: 'dns-blocklist (bl.example)' });
    expect(await subjects('INBOX')).toEqual([]);
  });

  it('is taken for junk when its words are like those of mail that the user has called junk', async () => {
    expect(await sendFrom(port, '198.51.100.1', 'a@other.example', spam(100))).toMatch(/^250 /);
    expect(await subjects('INBOX')).toHaveLength(1);
    await sortMail(1);
    expect(await sendFrom(port, '198.51.100.1', 'a@other.example', spam(101))).toMatch(/^250 /);
    expect(await sendFrom(port, '198.51.100.1', 'a@other.example', plain(102))).toMatch(/^250 /);
    const junk = await subjects('Junk');
    expect(junk.at(-1)).toEqual({
      subject: 'Cheap pills offer 101',
      reason: expect.stringMatching(/^junk-words \(probability 0\.9\d+|1\.0000\)$/),
    });
    expect((await subjects('INBOX')).map(({ subject }) => subject)).toEqual([
      'Cheap pills offer 100',
      'Dinner on day 102',
    ]);
    // What is taken out of the junk again counts as what it is, and only once.
    const before = await lessons();
    using client = await ImapTestClient.login(server.ports.imap, 'me@example.org');
    await client.ok('SELECT Junk');
    await client.ok('MOVE 26 INBOX');
    await expect.poll(lessons, { timeout: 20_000 }).toBe(before + 1);
    const retrained = await server.command('retrain', 'me@example.org');
    expect(retrained).toMatchObject({ code: 0, stdout: 'me: learned from 25 messages of junk and 26 others\n' });
    const backup = `${server.directory}/backup`;
    expect(await server.command('backup', backup)).toMatchObject({ code: 0, stderr: '' });
    expect(await runCommand(['verifydata', backup])).toMatchObject({ code: 0, stderr: '' });
    expect(await server.command('verifydata')).toMatchObject({ code: 0, stderr: '' });
  });

  it('is let in, or taken for junk, by what the user made of earlier messages of its author', async () => {
    dns.zone['club.example'] = { TXT: ['v=spf1 ip4:198.51.100.1 -all'] };
    const letter = (name: string, number: number): string =>
      `From: ${name}@club.example\r\nSubject: ${name} ${number}\r\n\r\nhello ${number}\r\n`;
    const write = async (name: string, number: number): Promise<void> => {
      expect(await sendFrom(port, '198.51.100.1', `${name}@club.example`, letter(name, number))).toMatch(/^250 /);
    };
    for (const number of [1, 2, 3]) await write('bore', number);
    await write('ann', 1);
    using client = await ImapTestClient.login(server.ports.imap, 'me@example.org');
    await client.ok('SELECT INBOX');
    await client.ok('MOVE 1:3 Junk');
    await client.ok('STORE 1 +FLAGS (\\Flagged)');
    await expect.poll(lessons, { timeout: 20_000 }).toBe(4);
    await write('Bore', 4);
    await write('ann', 2);
    // Not shown to be them: nobody's reputation.
    expect(await sendFrom(port, '198.51.100.2', 'x@other.example', letter('bore', 5))).toMatch(/^250 /);
    expect((await subjects('Junk')).at(-1)).toEqual({
      subject: 'Bore 4',
      reason: 'author-reputation (of this author 0 kept, 3 called junk)',
    });
    expect(await subjects('INBOX')).toEqual([
      { subject: 'ann 1', reason: 'no-objection' },
      { subject: 'ann 2', reason: 'author-reputation (of this author 1 kept, 0 called junk)' },
      { subject: 'bore 5', reason: 'no-objection' },
    ]);
  });

  it('is judged by nothing that was learned while the filter of the account is off', async () => {
    await sortMail(0);
    const path = join(server.directory, 'config', 'domains.yaml');
    const config = await readFile(path, 'utf8');
    await writeFile(path, config.replace(/^( +)me:\n/m, '$&$1  junkFilter: { enabled: false }\n'));
    // The server notices the change by itself.
    await expect
      .poll(
        async () => {
          expect(await sendFrom(port, '198.51.100.1', 'a@other.example', spam(101))).toMatch(/^250 /);
          return (await subjects('INBOX')).length;
        },
        { timeout: 20_000 },
      )
      .toBe(1);
  });
});
