import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmtpTestClient } from '../../tests/harness/smtp-test-client.ts';
import { startTestServer, type TestSmtpServer } from '../../tests/harness/smtp-test-server.ts';

let server: TestSmtpServer;
beforeAll(async () => {
  server = await startTestServer([{ tls: 'none' }], { limits: { smtpTarpitMs: 0 } });
});
afterAll(() => server[Symbol.asyncDispose]());

async function startData(): Promise<SmtpTestClient> {
  const client = await SmtpTestClient.connect(server.port(0));
  await client.play(`
    S: 220 *
    C: HELO client.example
    S: 250 *
    C: MAIL FROM:<a@b.example>
    S: 250 *
    C: RCPT TO:<me@restante.example>
    S: 250 *
    C: DATA
    S: 354 *
  `);
  return client;
}

const lineEnds = ['\r\n', '\n', '\r', '\r\r\n', '\n\r', '\r\n\n', '\r\0\n'];
const variants = lineEnds.flatMap((before) => lineEnds.map((after) => [before, after] as const));
const smuggled =
  'MAIL FROM:<boss@b.example>\r\nRCPT TO:<me@restante.example>\r\nDATA\r\nSubject: smuggled\r\n\r\n.\r\nQUIT\r\n';

describe('the end of data', () => {
  it.each(variants.filter(([before, after]) => before !== '\r\n' || !after.startsWith('\r\n')))(
    'is not %j dot %j: no second message comes out of it',
    async (before, after) => {
      using client = await startData();
      client.send(`Subject: one\r\n\r\ntext${before}.${after}${smuggled}`);
      client.socket.end();
      const rest = await client.closed();
      expect(rest).toMatch(/^550 5\.6\.0 .*\r\n$/);
      expect(await server.messages('me')).toEqual([]);
    },
  );

  it('refuses a message with a bare CR or LF and closes', async () => {
    for (const text of ['a\nb', 'a\rb', 'a\r\r\nb', 'a\n\r\nb']) {
      using client = await startData();
      client.send(`Subject: one\r\n\r\n${text}\r\n.\r\n`);
      expect(await client.reply()).toMatch(/^550 5\.6\.0 /);
      await client.closed();
    }
    expect(await server.messages('me')).toEqual([]);
  });

  it('closes after a bare LF in a command', async () => {
    using client = await SmtpTestClient.connect(server.port(0));
    await client.reply();
    client.send('HELO client.example\nMAIL FROM:<a@b.example>\r\n');
    expect(await client.reply()).toMatch(/^500 5\.5\.2 /);
    expect(await client.closed()).toBe('');
  });
});
