import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmtpTestClient } from '../../tests/harness/smtp-test-client.ts';
import { startTestServer, type TestSmtpServer } from '../../tests/harness/smtp-test-server.ts';

let server: TestSmtpServer;
beforeAll(async () => {
  server = await startTestServer([{ tls: 'none' }], {
    limits: { smtpTarpitMs: 0, messageBytes: 300_000, smtpDiscardedBytes: 100_000 },
  });
});
afterAll(() => server[Symbol.asyncDispose]());

async function connect(mailParameters = ''): Promise<SmtpTestClient> {
  const client = await SmtpTestClient.connect(server.port(0));
  await client.reply();
  await client.ask('EHLO c.example');
  await client.play(`
    C: MAIL FROM:<a@b.example>${mailParameters}
    S: 250 *
    C: RCPT TO:<me@restante.example>
    S: 250 *
  `);
  return client;
}

async function lastBody(): Promise<string> {
  return (await server.messages('me')).at(-1)!.split('\r\n\r\n').slice(1).join('\r\n\r\n');
}

describe('BDAT', () => {
  it('takes a message in chunks, pipelined', async () => {
    using client = await connect();
    client.send('BDAT 14\r\nSubject: a\r\n\r\nBDAT 7\r\n.\r\n..\r\nBDAT 0 LAST\r\nQUIT\r\n');
    await client.play(`
      S: 250 2.0.0 14 bytes received
      S: 250 2.0.0 7 bytes received
      S: 250 2.0.0 Message accepted, id *
      S: 221 *
    `);
    expect(await lastBody()).toBe('.\r\n..\r\n');
  });

  it('takes binary messages with any bytes', async () => {
    using client = await connect(' BODY=BINARYMIME');
    const body = randomBytes(200_000);
    client.send(`BDAT ${body.length + 4} LAST\r\n\r\n\r\n`);
    client.send(body);
    expect(await client.reply()).toMatch(/^250 2\.0\.0 Message accepted/);
    const messages = await server.messages('me');
    expect(messages.at(-1)).toContain(body.toString('utf8'));
  });

  it.each(['a\nb', 'a\rb', 'a\r'])('refuses %j in a message that is not binary, and goes on', async (text) => {
    using client = await connect();
    client.send(`BDAT ${text.length} LAST\r\n${text}NOOP\r\n`);
    expect(await client.reply()).toMatch(/^550 5\.6\.0 /);
    expect(await client.reply()).toMatch(/^250 2\.0\.0 OK/);
    expect(await client.ask('MAIL FROM:<a@b.example>')).toMatch(/^250 /);
  });

  it('does not mind CR and LF in different chunks', async () => {
    using client = await connect();
    client.send('BDAT 2\r\na\rBDAT 1 LAST\r\n\n');
    expect(await client.reply()).toMatch(/^250 /);
    expect(await client.reply()).toMatch(/^250 /);
  });

  it('does not mix with DATA or new recipients', async () => {
    using client = await connect();
    client.send('BDAT 1\r\na');
    await client.play(`
      S: 250 *
      C: DATA
      S: 503 5.5.1 *
      C: RCPT TO:<me@restante.example>
      S: 503 5.5.1 *
      C: RSET
      S: 250 *
      C: BDAT 0 LAST
      S: 503 5.5.1 *
    `);
  });

  it('drops the chunks of what is refused, and closes when they are too many', async () => {
    using client = await connect();
    client.send(`BDAT 200000\r\n${'a'.repeat(200_000)}`);
    expect(await client.reply()).toMatch(/^250 /);
    client.send(`BDAT 150000\r\n${'a'.repeat(150_000)}`);
    expect(await client.reply()).toMatch(/^552 5\.3\.4 /);
    client.send('BDAT 8 LAST\r\nQUIT\r\n\r\n');
    expect(await client.reply()).toMatch(/^503 5\.5\.1 MAIL comes first/);
    expect(await client.ask('NOOP')).toMatch(/^250 /);
    client.send('BDAT 100001\r\n');
    expect(await client.reply()).toMatch(/^503 /);
    await client.closed();
  });

  it.each(['BDAT', 'BDAT x', 'BDAT -1', 'BDAT 1 FIRST', 'BDAT 9999999999999999'])(
    'closes after %s',
    async (command) => {
      using client = await connect();
      expect(await client.ask(command)).toMatch(/^501 /);
      await client.closed();
    },
  );

  it('keeps nothing of a message whose client goes away', async () => {
    const before = await server.messages('me');
    const client = await connect();
    client.send('BDAT 1000\r\nSubject: a');
    client.socket.end();
    expect(await client.closed()).toBe('');
    expect(await server.messages('me')).toEqual(before);
  });
});
