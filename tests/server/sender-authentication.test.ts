import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dkimSign } from '../../src/mailauth/dkim/dkim-sign.ts';
import { DnsServer } from '../harness/dns-server.ts';
import { ImapTestClient } from '../harness/imap-client.ts';
import { proxiedSmtp, sendFrom } from '../harness/send-from.ts';
import { runCommand, startTestServer, type TestServer } from '../harness/start-test-server.ts';

let dns: DnsServer;
let server: TestServer;
let port: number;

beforeEach(async () => {
  dns = await DnsServer.start({
    'example.net': { TXT: ['v=spf1 ip4:192.0.2.0/29 -all exp=why.example.net'] },
    'why.example.net': { TXT: ['%{i} is not one of %{o}'] },
    '3.2.0.192.in-addr.arpa': { PTR: ['mx.example.net'] },
    'mx.example.net': { A: ['192.0.2.3'] },
    'broken.example': { TXT: ['v=spf1 ip4:300.1.1.1'] },
  });
  const smtp = await proxiedSmtp();
  port = smtp.port;
  server = await startTestServer({
    settings: `${smtp.settings}resolver: { servers: ["${dns.address}"] }`,
    // What is found out is looked at in messages that would be refused, too.
    accountSettings: { me: 'rulesets: [{ msgFrom: "*", acceptRejectsToMailbox: Inbox }]' },
  });
}, 60_000);

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await dns[Symbol.asyncDispose]();
});

async function send(ip: string, sender: string, message = `From: ${sender}\r\nSubject: from ${ip}\r\n\r\nhello\r\n`) {
  expect(await sendFrom(port, ip, sender, message)).toMatch(/^250/);
}

/** Headers in the inbox, unfolded. */
async function headers(): Promise<string[]> {
  using client = await ImapTestClient.login(server.ports.imap, 'me@example.org');
  await client.ok('SELECT INBOX');
  const lines = await client.ok('FETCH 1:* (BODY.PEEK[HEADER])');
  return lines
    .filter((line) => line.includes('BODY['))
    .map((text) => text.slice(text.indexOf('\r\n') + 2).replaceAll(/\r\n[ \t]+/g, ' '));
}

function field(header: string, name: string): string {
  return new RegExp(`^${name}: (.*)\r$`, 'm').exec(header)?.[1]?.trim() ?? '';
}

function signer(): { key: KeyObject; record: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const bytes = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  return { key: privateKey, record: `v=DKIM1; k=ed25519; p=${bytes.toString('base64')}` };
}

async function sign(message: string, key: KeyObject): Promise<string> {
  const content = (async function* () {
    yield Buffer.from(message);
  })();
  return (await dkimSign(content, async () => [{ domain: 'example.net', selector: 'a', key }], 0)) + message;
}

describe('mail from other servers', { timeout: 60_000 }, () => {
  it('has a Received-SPF field with what the domain of the sender says', async () => {
    await send('192.0.2.3', 'ada@example.net');
    await send('198.51.100.1', 'ada@example.net');
    await send('192.0.2.3', 'ada@broken.example');
    await send('192.0.2.3', 'ada@missing.example');
    dns.misbehave = ({ name }) => (name === 'mx.example.net' ? 'servfail' : undefined);
    await send('192.0.2.3', '');
    const found = await headers();
    const client = 'client-ip=192.0.2.3; envelope-from';
    const receiver = 'helo=mx.example.net; receiver=mail.example.org;';
    expect(found.map((header) => field(header, 'Received-SPF'))).toEqual([
      `pass identity=mailfrom; ${client}="ada@example.net"; ${receiver} mechanism="ip4:192.0.2.0/29";`,
      expect.stringMatching(/^fail identity=mailfrom; client-ip=198\.51\.100\.1; .* mechanism=-all;$/),
      expect.stringMatching(/^permerror .* problem="the record of \\"broken\.example\\" is wrong: /),
      `none identity=mailfrom; ${client}="ada@missing.example"; ${receiver}`,
      expect.stringMatching(/^temperror identity=helo; .*envelope-from="postmaster@mx\.example\.net"/),
    ]);
    for (const header of found) {
      const names = [...header.matchAll(/^([A-Za-z-]+):/gm)].map(([, name]) => name);
      expect(names.slice(0, 6)).toEqual([
        'Return-Path',
        'Delivered-To',
        'X-Restante-Reason',
        'Authentication-Results',
        'Received-SPF',
        'Received',
      ]);
    }
    const metrics = await (await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`)).text();
    expect(metrics).toContain('restante_spf_results_total{identity="mailfrom",result="pass"} 1');
    expect(metrics).toContain('restante_spf_results_total{identity="helo",result="temperror"} 1');
  });

  it('has the results of SPF, DKIM and DMARC, and none that it made up itself', async () => {
    const { key, record } = signer();
    dns.zone['a._domainkey.example.net'] = { TXT: [record] };
    dns.zone['_dmarc.example.net'] = { TXT: ['v=DMARC1; p=none'] };
    const signed = await sign('From: ada@example.net\r\nSubject: signed\r\n\r\nHello\r\n', key);
    await send('192.0.2.3', 'ada@example.net', signed);
    await send('198.51.100.1', 'list@other.example', signed);
    await send('198.51.100.1', 'ada@example.net', signed.replace('Hello', 'Pay me'));
    const forged = 'Authentication-Results: mail.example.org; dmarc=pass header.from=bank.example\r\n';
    await send('198.51.100.1', 'x@other.example', `${forged}From: it@bank.example\r\n\r\nPay me\r\n`);
    await send('198.51.100.1', 'x@other.example', 'From: a@example.net, b@other.example\r\n\r\nPay me\r\n');
    const nameless = 'iprev=permerror policy.iprev=198.51.100.1';
    const dkim = 'header.d=example.net header.s=a header.a=ed25519-sha256';
    const found = await headers();
    expect(found.map((header) => field(header, 'Authentication-Results'))).toEqual([
      `mail.example.org; iprev=pass (mx.example.net) policy.iprev=192.0.2.3; spf=pass smtp.mailfrom=ada@example.net; dkim=pass ${dkim}; dmarc=pass header.from=example.net; arc=none smtp.remote-ip=192.0.2.3`,
      `mail.example.org; ${nameless}; spf=none smtp.mailfrom=list@other.example; dkim=pass ${dkim}; dmarc=pass header.from=example.net; arc=none smtp.remote-ip=198.51.100.1`,
      `mail.example.org; ${nameless}; spf=fail smtp.mailfrom=ada@example.net; dkim=fail reason="the body was changed: its hash is another one" ${dkim}; dmarc=fail (p=none) header.from=example.net; arc=none smtp.remote-ip=198.51.100.1`,
      `mail.example.org; ${nameless}; spf=none smtp.mailfrom=x@other.example; dkim=none; dmarc=none header.from=bank.example; arc=none smtp.remote-ip=198.51.100.1`,
      `mail.example.org; ${nameless}; spf=none smtp.mailfrom=x@other.example; dkim=none; dmarc=permerror reason="there are authors of several domains"; arc=none smtp.remote-ip=198.51.100.1`,
    ]);
    expect(found[3]!.match(/^Authentication-Results:/gm)).toHaveLength(1);
    expect(field(found[3]!, 'X-Untrusted-Authentication-Results')).toContain('dmarc=pass');
  });

  it('can be asked about on the command line', async () => {
    expect(await server.command('spf', 'check', '192.0.2.3', 'ada@example.net')).toMatchObject({
      code: 0,
      stdout: 'example.net: pass, ip4:192.0.2.0/29\n',
    });
    expect(await server.command('spf', 'check', '198.51.100.1', 'ada@example.net')).toMatchObject({
      code: 0,
      stdout: 'example.net: fail, -all, 198.51.100.1 is not one of example.net\n',
    });
    expect(await server.command('spf', 'check', 'here', 'ada@example.net')).toMatchObject({ code: 2 });
    expect(await server.command('spf', 'lookup', 'example.net')).toMatchObject({
      code: 0,
      stdout: 'v=spf1 ip4:192.0.2.0/29 -all exp=why.example.net\n',
    });
    expect(await server.command('spf', 'lookup', 'broken.example')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('  wrong: "ip4:300.1.1.1" is no mechanism'),
    });
    expect(await server.command('spf', 'lookup', 'missing.example')).toMatchObject({
      code: 1,
      stdout: 'missing.example has no SPF record\n',
    });
  });

  it('that lies in a file can have its signatures verified', async () => {
    const { key, record } = signer();
    dns.zone['a._domainkey.example.net'] = { TXT: [record] };
    const message = 'From: ada@example.net\r\nSubject: signed\r\n\r\nHello\r\n';
    const signed = await sign(message, key);
    const verify = async (text: string) => await runCommand(['dkim', 'verify', '--config', server.configPath], text);
    const name = 'example.net, selector a, ed25519-sha256';
    expect(await verify(signed)).toMatchObject({ code: 0, stdout: `${name}: pass\n` });
    expect(await verify(signed.replaceAll('\r\n', '\n'))).toMatchObject({ code: 0, stdout: `${name}: pass\n` });
    expect(await verify(signed.replace('Hello', 'Bye'))).toMatchObject({
      code: 1,
      stdout: `${name}: fail: the body was changed: its hash is another one\n`,
    });
    expect(await verify(message)).toMatchObject({ code: 1, stdout: 'The message has no signature.\n' });
  });
});
