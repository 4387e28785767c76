import { afterAll, beforeAll, expect, it } from 'vitest';
import { limits } from '../../src/runtime/limits.ts';
import { DnsServer } from '../harness/dns-server.ts';
import { ImapTestClient } from '../harness/imap-client.ts';
import { proxiedSmtp, sendFrom } from '../harness/send-from.ts';
import { AttackedServer } from './attacked-server.ts';
import { inParallel } from './in-parallel.ts';

let attacked: AttackedServer;
let port: number;
let dns: DnsServer;

beforeAll(async () => {
  dns = await DnsServer.start({});
  const smtp = await proxiedSmtp();
  port = smtp.port;
  attacked = await AttackedServer.start({
    accounts: ['me', 'you', 'canary'],
    settings: `${smtp.settings}resolver: { servers: ["${dns.address}"] }`,
  });
});

afterAll(async () => {
  try {
    await attacked.expectUnharmed();
  } finally {
    await attacked[Symbol.asyncDispose]();
    await dns[Symbol.asyncDispose]();
  }
});

it('mailbombing one account from many networks fills it no faster than the limit, and nobody else notices', async () => {
  attacked.startCanary();
  const startedAt = Date.now();
  const replies: string[] = [];
  await inParallel(3 * limits.strangersPerMinute, 8, async (number) => {
    const sender = `x@bomb${number}.example`;
    const text = `From: ${sender}\r\nSubject: bomb ${number}\r\n\r\nboom\r\n`;
    replies.push(await sendFrom(port, `20.${number}.2.3`, sender, text));
  });
  const minutes = Math.ceil((Date.now() - startedAt) / 60_000) + 1;
  const taken = replies.filter((reply) => reply.startsWith('250 ')).length;
  expect(taken).toBeGreaterThanOrEqual(limits.strangersPerMinute);
  expect(taken).toBeLessThanOrEqual(minutes * limits.strangersPerMinute);
  const refused = replies.filter((reply) => !reply.startsWith('250 '));
  expect(refused.length).toBeGreaterThan(0);
  expect(new Set(refused.map((reply) => reply.slice(0, 10)))).toEqual(new Set(['452 4.7.28']));
  const text = 'From: a@friend.example\r\nSubject: hello\r\n\r\nhello\r\n';
  expect(await sendFrom(port, '20.1.2.3', 'a@friend.example', text, ['you@example.org'])).toMatch(/^250 /);
  await attacked.stopCanary();
  using client = await ImapTestClient.login(attacked.ports.imap, 'me@example.org');
  expect((await client.ok('STATUS INBOX (MESSAGES)')).join('')).toContain(`MESSAGES ${taken})`);
});
