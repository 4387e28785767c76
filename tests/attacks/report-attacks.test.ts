import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeZip } from '../../src/reports/zip-fixture.ts';
import { DnsServer } from '../harness/dns-server.ts';
import { proxiedSmtp, sendFrom } from '../harness/send-from.ts';
import { resultOf } from '../harness/start-test-server.ts';
import { AttackedServer } from './attacked-server.ts';

/** Where a sender that passes DMARC sends from: anybody can have such a domain. */
const attacker = '192.0.2.66';
const mebibyte = 1024 * 1024;

let attacked: AttackedServer;
let dns: DnsServer;
let port: number;

beforeAll(async () => {
  dns = await DnsServer.start({
    'attacker.example': { TXT: [`v=spf1 ip4:${attacker} -all`] },
    '_dmarc.attacker.example': { TXT: ['v=DMARC1; p=reject'] },
  });
  const smtp = await proxiedSmtp();
  port = smtp.port;
  attacked = await AttackedServer.start({ settings: `${smtp.settings}resolver: { servers: ["${dns.address}"] }` });
  const path = join(attacked.server.directory, 'config', 'domains.yaml');
  const domains = await readFile(path, 'utf8');
  await writeFile(path, domains.replace('example.org: {}', 'example.org: { dmarcReports: { account: me } }'));
  const end = Date.now() + 30_000;
  // The server notices by itself; until then the address does not exist.
  while (!(await send(Buffer.from('warm up')).catch(() => '')).startsWith('250')) {
    if (Date.now() > end) throw new Error('The address for reports does not exist');
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}, 120_000);

afterAll(async () => {
  try {
    await attacked.expectUnharmed();
  } finally {
    await attacked[Symbol.asyncDispose]();
    await dns[Symbol.asyncDispose]();
  }
}, 120_000);

async function send(bytes: Buffer, name = 'report.xml.gz'): Promise<string> {
  const lines = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
  const message = `From: dmarc@attacker.example\r\nSubject: report\r\nContent-Type: application/octet-stream; name="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines}\r\n`;
  return await sendFrom(port, attacker, 'dmarc@attacker.example', message, ['dmarc-reports@example.org']);
}

/** The message is delivered, no report is counted, others are served meanwhile, and memory stays what it was. */
async function expectHarmless(...attacks: Buffer[]): Promise<void> {
  const before = await attacked.residentMiB();
  const brokenBefore = await broken();
  attacked.startCanary();
  const replies = await Promise.all([...attacks, ...attacks, ...attacks].map((bytes) => send(bytes)));
  await attacked.stopCanary();
  for (const reply of replies) expect(reply).toMatch(/^250/);
  expect((await broken()) - brokenBefore).toBe(replies.length);
  expect(resultOf(await attacked.server.command('dmarc', 'reports', 'list', '--json'))).toEqual([]);
  expect(await attacked.residentMiB()).toBeLessThan(before + 150);
}

async function broken(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${attacked.ports.metrics}/metrics`)).text();
  return Number(/^restante_dmarc_reports_received_total\{result="broken"\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

describe('a gzip bomb', () => {
  it('is not decompressed', async () => {
    const zeros = Buffer.alloc(200 * mebibyte);
    const bomb = gzipSync(zeros, { level: 9 });
    expect(bomb.length).toBeLessThan(mebibyte);
    await expectHarmless(bomb, Buffer.concat(Array.from({ length: 20 }, () => bomb)), gzipSync(bomb));
  });
});

describe('a zip bomb', () => {
  it('is not decompressed', async () => {
    const content = Buffer.alloc(200 * mebibyte);
    const inner = makeZip([{ name: 'a.xml', content }]);
    const tooMany = makeZip(
      Array.from({ length: 3_000 }, (_, at) => ({ name: `${at}.xml`, content: Buffer.from('x') })),
    );
    await expectHarmless(inner, makeZip([{ name: 'a.zip', content: inner }]), tooMany);
  });
});

describe('XML entity expansion', () => {
  const laughs = Array.from({ length: 10 }, (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`);

  it('by a billion laughs is refused at the document type', async () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE f [<!ENTITY l0 "lol">${laughs.join('')}]><feedback><report_metadata><org_name>&l10;</org_name></report_metadata></feedback>`;
    await expectHarmless(Buffer.from(bomb), gzipSync(bomb));
  });

  it('of files and addresses is refused too', async () => {
    const external = (uri: string): Buffer =>
      Buffer.from(
        `<!DOCTYPE f [<!ENTITY e SYSTEM "${uri}">]><feedback><report_metadata><org_name>&e;</org_name></report_metadata></feedback>`,
      );
    await expectHarmless(external('file:///etc/passwd'), external('http://127.0.0.1:1/'));
  });
});

describe('absurd XML', () => {
  it('nested without end, or wide without end, is given up early', async () => {
    const nested = '<feedback>'.repeat(1_000_000);
    const wide = `<feedback><record>${'<row/>'.repeat(2_000_000)}</record></feedback>`;
    const long = `<feedback><a>${'x'.repeat(15 * mebibyte)}</a></feedback>`;
    const attributes = `<feedback${' a="b"'.repeat(500_000)}`;
    await expectHarmless(
      Buffer.from(nested.slice(0, 5 * mebibyte)),
      gzipSync(wide),
      gzipSync(long),
      gzipSync(attributes),
    );
  });

  it('of many records takes turns with other work', async () => {
    const record =
      '<record><row><source_ip>192.0.2.1</source_ip><count>1</count></row><identifiers><header_from>x</header_from></identifiers></record>';
    await expectHarmless(gzipSync(`<feedback>${record.repeat(100_000)}</feedback>`));
  });
});
