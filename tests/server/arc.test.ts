import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyRecord, sealMessage } from '../../src/mailauth/arc/seal-fixture.ts';
import { dkimSign } from '../../src/mailauth/dkim/dkim-sign.ts';
import { DnsServer } from '../harness/dns-server.ts';
import { ImapTestClient } from '../harness/imap-client.ts';
import { proxiedSmtp, sendFrom } from '../harness/send-from.ts';
import { runCommand, startTestServer, type TestServer } from '../harness/start-test-server.ts';

const author = generateKeyPairSync('ed25519');
const list = generateKeyPairSync('rsa', { modulusLength: 2048 });
const relay = generateKeyPairSync('ed25519');
const listIp = '198.51.100.7';

let dns: DnsServer;
let server: TestServer | undefined;
let port: number;

beforeEach(async () => {
  dns = await DnsServer.start({
    'example.net': { TXT: ['v=spf1 ip4:192.0.2.0/29 -all'] },
    '_dmarc.example.net': { TXT: ['v=DMARC1; p=reject'] },
    'a._domainkey.example.net': { TXT: [keyRecord(author.publicKey)] },
    'soft.example': { TXT: ['v=spf1 -all'] },
    '_dmarc.soft.example': { TXT: ['v=DMARC1; p=quarantine'] },
    // A TXT record is made of strings of 255 bytes.
    'a._domainkey.lists.example': { TXT: [keyRecord(list.publicKey).match(/.{1,255}/g)!] },
    'a._domainkey.relay.example': { TXT: [keyRecord(relay.publicKey)] },
  });
});

afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
  await dns[Symbol.asyncDispose]();
});

async function start(trusted: string): Promise<TestServer> {
  const smtp = await proxiedSmtp();
  port = smtp.port;
  server = await startTestServer({
    accounts: ['me', 'you'],
    settings: `${smtp.settings}resolver: { servers: ["${dns.address}"] }\n${trusted}`,
  });
  return server;
}

async function signed(subject: string): Promise<string> {
  const message = `From: ada@example.net\r\nTo: club@lists.example\r\nSubject: ${subject}\r\n\r\nHello\r\n`;
  const content = (async function* () {
    yield Buffer.from(message);
  })();
  const signer = { domain: 'example.net', selector: 'a', key: author.privateKey };
  return (await dkimSign(content, async () => [signer], 0)) + message;
}

/** What a mailing list makes of a message: the signature of its author no longer fits. */
function throughList(message: string, from = 'example.net', key: KeyObject = list.privateKey): string {
  const results = `lists.example; spf=pass smtp.mailfrom=ada@${from};\r\n dkim=pass header.d=${from}; dmarc=pass (p=REJECT) header.from=${from}; arc=none smtp.remote-ip=192.0.2.3`;
  const changed = message.replace('Subject: ', 'Subject: [club] ').replace('Hello', 'Hello\r\n-- \r\nThe club');
  return sealMessage(changed, { domain: 'lists.example', key, results });
}

function throughRelay(message: string): string {
  const results = 'relay.example; arc=pass header.oldest-pass=0; dmarc=fail header.from=example.net';
  return sealMessage(message, { domain: 'relay.example', key: relay.privateKey, results });
}

async function send(message: string, recipients?: string[]): Promise<string> {
  return await sendFrom(port, listIp, 'club-bounces@lists.example', message, recipients);
}

async function received(running: TestServer, account = 'me', mailbox = 'INBOX') {
  using client = await ImapTestClient.login(running.ports.imap, `${account}@example.org`);
  await client.ok(`SELECT ${mailbox}`);
  const lines = await client.ok('FETCH 1:* (BODY.PEEK[HEADER])');
  return lines
    .filter((line) => line.includes('BODY['))
    .map((text) => {
      const header = text.replaceAll(/\r\n[ \t]+/g, ' ');
      const field = (name: string): string => new RegExp(`^${name}: (.*)\r$`, 'm').exec(header)?.[1] ?? '';
      return {
        subject: field('Subject'),
        reason: field('X-Restante-Reason'),
        arc: /\barc=.*$/.exec(field('Authentication-Results'))?.[0],
      };
    });
}

describe('mail that a forwarder has changed, from an author whose policy is reject', { timeout: 90_000 }, () => {
  it('is refused when nobody trusts the forwarder', async () => {
    const running = await start('trustedArcSealers: [other.example]');
    expect(await send(throughList(await signed('hello')))).toMatch(/^550 5\.7\.1 .*not from example\.net/);
    expect(await sendFrom(port, '192.0.2.3', 'ada@example.net', await signed('direct'))).toMatch(/^250 /);
    expect(await received(running)).toEqual([
      { subject: 'direct', reason: 'no-objection', arc: 'arc=none smtp.remote-ip=192.0.2.3' },
    ]);
  });

  it('is delivered to all its recipients when the forwarder is trusted, and says why', async () => {
    const running = await start('trustedArcSealers: [Lists.example, relay.example]');
    expect(await send(throughList(await signed('one')), ['me@example.org', 'you@example.org'])).toMatch(/^250 /);
    expect(await send(throughRelay(throughList(await signed('two'))))).toMatch(/^250 /);
    const soft = 'From: ada@soft.example\r\nTo: club@lists.example\r\nSubject: soft\r\n\r\nHello\r\n';
    expect(await send(throughList(soft, 'soft.example'))).toMatch(/^250 /);
    const passed = 'arc=pass (i=1 d=lists.example) header.oldest-pass=0 smtp.remote-ip=198.51.100.7';
    const reason = 'arc-override (not from example.net, whose policy is reject, but passed on by lists.example)';
    const one = { subject: '[club] one', reason, arc: passed };
    expect(await received(running, 'you')).toEqual([one]);
    expect(await received(running)).toEqual([
      one,
      {
        subject: '[club] two',
        reason: reason.replace('lists', 'relay'),
        arc: passed.replace('d=lists.example', 'd=lists.example i=2 d=relay.example'),
      },
      {
        subject: '[club] soft',
        reason: reason.replace('example.net', 'soft.example').replace('reject', 'quarantine'),
        arc: passed,
      },
    ]);
    const metrics = await (await fetch(`http://127.0.0.1:${running.ports.metrics}/metrics`)).text();
    expect(metrics).toContain('restante_arc_results_total{result="pass"} 3');
    expect(metrics).toContain('restante_incoming_decisions_total{action="accept",reason="arc-override"} 4');
  });

  it('is refused when its chain was forged, or changed after the trusted forwarder', async () => {
    const running = await start('trustedArcSealers: [lists.example]');
    const good = throughList(await signed('hello'));
    const forgeries = {
      'another seal': good.replace(/(cv=none;\r\n b=)..../, '$1AAAA'),
      'another key': throughList(await signed('hello'), 'example.net', relay.privateKey),
      'another body': good.replace('Hello', 'Pay me'),
      'another author': good.replace('From: ada@', 'From: boss@'),
      'other results': good.replace('header.d=example.net', 'header.d=other.example'),
      'a seal that nobody trusts above': throughRelay(good),
      'a chain of another message': good.replace(/\r\n\r\n.*/s, '\r\n\r\nBuy this\r\n'),
      'results of another author': throughList(await signed('hello'), 'other.example'),
    };
    for (const [what, message] of Object.entries(forgeries)) {
      expect(await send(message), what).toMatch(/^550 5\.7\.1 .*not from example\.net/);
    }
    expect(await received(running)).toEqual([]);
    expect(await send(good)).toMatch(/^250 /);
  });

  it('is refused for now when the key of the trusted forwarder cannot be looked up', async () => {
    const running = await start('trustedArcSealers: [lists.example]');
    dns.misbehave = ({ name }) => (name === 'a._domainkey.lists.example' ? 'servfail' : undefined);
    const message = throughList(await signed('hello'));
    expect(await send(message)).toMatch(/^451 4\.4\.3 .*ARC/);
    expect(await received(running)).toEqual([]);
    dns.misbehave = () => undefined;
    await expect.poll(async () => await send(message), { timeout: 20_000 }).toMatch(/^250 /);
  });

  it('can be verified on the command line', async () => {
    const running = await start('trustedArcSealers: [lists.example]');
    const verify = async (text: string, ...options: string[]) =>
      await runCommand(['arc', 'verify', ...options, '--config', running.configPath], text);
    const message = throughRelay(throughList(await signed('hello')));
    const servers =
      'server 1: lists.example, selector a, trusted: found spf=pass, dkim=pass, dmarc=pass, arc=none\n' +
      'server 2: relay.example, selector a: found arc=pass, dmarc=fail\n';
    expect(await verify(message.replaceAll('\r\n', '\n'))).toMatchObject({ code: 0, stdout: `pass\n${servers}` });
    expect(await verify(message.replace('Hello', 'Bye'))).toMatchObject({
      code: 1,
      stdout: `fail: the signature 2: the body was changed: its hash is another one\n${servers}`,
    });
    expect(await verify(await signed('hello'))).toMatchObject({
      code: 1,
      stdout: 'The message has no ARC chain.\n',
    });
    const { code, stdout } = await verify(message, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      result: 'pass',
      oldestPass: 0,
      sealers: [{ domain: 'lists.example', isTrusted: true, server: 'lists.example' }, { domain: 'relay.example' }],
    });
  });
});
