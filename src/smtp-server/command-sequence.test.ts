import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmtpTestClient } from '../../tests/harness/smtp-test-client.ts';
import { startTestServer, type TestSmtpServer } from '../../tests/harness/smtp-test-server.ts';

let server: TestSmtpServer;
beforeAll(async () => {
  server = await startTestServer([{ tls: 'none' }], {
    limits: { smtpTarpitMs: 0, smtpErrors: 1000, messageBytes: 1000 },
  });
});
afterAll(() => server[Symbol.asyncDispose]());

async function play(transcript: string): Promise<void> {
  using client = await SmtpTestClient.connect(server.port(0));
  await client.play(`S: 220 *\n${transcript}`);
}

const greeting = `
  C: HELO client.example
  S: 250 mx.restante.example
`;

describe('the order of commands', () => {
  it('is checked', () =>
    play(`
      C: MAIL FROM:<>
      S: 503 5.5.1 EHLO or HELO comes first
      ${greeting}
      C: RCPT TO:<me@restante.example>
      S: 503 5.5.1 MAIL comes first
      C: DATA
      S: 503 5.5.1 MAIL comes first
      C: BDAT 0 LAST
      S: 503 5.5.1 MAIL comes first
      C: MAIL FROM:<a@b.example>
      S: 250 2.1.0 Sender OK
      C: MAIL FROM:<a@b.example>
      S: 503 5.5.1 A transaction has begun already
      C: DATA
      S: 554 5.5.1 No valid recipients
      C: RSET
      S: 250 2.0.0 OK
      C: RCPT TO:<me@restante.example>
      S: 503 5.5.1 MAIL comes first
    `));

  it('lets EHLO and HELO end a transaction', () =>
    play(`
      ${greeting}
      C: MAIL FROM:<a@b.example>
      S: 250 2.1.0 Sender OK
      ${greeting}
      C: MAIL FROM:<a@b.example>
      S: 250 2.1.0 Sender OK
    `));
});

describe('small commands', () => {
  it('are answered', () =>
    play(`
      C: NOOP anything
      S: 250 2.0.0 OK
      C: HELP
      S: 214 2.0.0 *
      C: VRFY me
      S: 252 2.5.1 *
      C: VRFY
      S: 501 5.5.4 *
      C: EXPN list
      S: 502 5.7.2 *
      C: noop
      S: 250 2.0.0 OK
      C: AUTH PLAIN
      S: 502 5.5.1 *
      C: STARTTLS
      S: 502 5.5.1 *
      C: RSET now
      S: 501 5.5.4 *
      C: QUIT now
      S: 501 5.5.4 *
      C: XCLIENT NAME=x
      S: 500 5.5.1 Command not known
      C: EHLO
      S: 501 5.5.4 *
      C: EHLO two words
      S: 501 5.5.4 *
      C: HELO a;b
      S: 501 5.5.4 *
      C: HELO [IPv6:::1]
      S: 250 mx.restante.example
      C: HELO my_old-pc
      S: 250 mx.restante.example
    `));
});

describe('recipients', () => {
  it('must be here and exist', () =>
    play(`
      ${greeting}
      C: MAIL FROM:<a@b.example>
      S: 250 2.1.0 Sender OK
      C: RCPT TO:<nobody@restante.example>
      S: 550 5.1.1 *
      C: RCPT TO:<a@elsewhere.example>
      S: 550 5.7.1 *
      C: RCPT TO:<Postmaster>
      S: 250 2.1.5 Recipient OK
      C: RCPT TO:<me@RESTANTE.example> NOTIFY=NEVER ORCPT=rfc822;a+2Bb@c.example
      S: 250 2.1.5 Recipient OK
      C: RCPT TO:<me@restante.example> PRIORITY=1
      S: 555 5.5.4 *
    `));

  it('are one for a message without sender', () =>
    play(`
      ${greeting}
      C: MAIL FROM:<>
      S: 250 2.1.0 Sender OK
      C: RCPT TO:<me@restante.example>
      S: 250 2.1.5 Recipient OK
      C: RCPT TO:<you@restante.example>
      S: 452 4.5.3 *
    `));

  it('have UTF-8 localparts with SMTPUTF8 only', () =>
    play(`
      ${greeting}
      C: MAIL FROM:<a@b.example>
      S: 250 2.1.0 Sender OK
      C: RCPT TO:<jösé@restante.example>
      S: 553 5.6.7 *
      C: RSET
      S: 250 2.0.0 OK
      C: MAIL FROM:<ü@bücher.example> SMTPUTF8
      S: 250 2.1.0 Sender OK
      C: RCPT TO:<jösé@restante.example>
      S: 250 2.1.5 Recipient OK
    `));
});

describe('MAIL', () => {
  it('refuses what is too large or unknown at once', () =>
    play(`
      ${greeting}
      C: MAIL FROM:<a@b.example> SIZE=1001
      S: 552 5.3.4 *
      C: MAIL FROM:<a@b.example> REQUIRETLS
      S: 555 5.5.4 *
      C: MAIL FROM:<a@b.example> HOLDFOR=10
      S: 555 5.5.4 *
      C: MAIL FROM:<a@b.example> AUTH=<>
      S: 555 5.5.4 *
      C: MAIL FROM:<a@b.example> SIZE=1000 BODY=BINARYMIME
      S: 250 2.1.0 Sender OK
      C: RCPT TO:<me@restante.example>
      S: 250 2.1.5 Recipient OK
      C: DATA
      S: 503 5.5.1 BODY=BINARYMIME needs BDAT
    `));
});

describe('messages', () => {
  it('are refused after their end when they are too large, and the session goes on', async () => {
    await play(`
      ${greeting}
      C: MAIL FROM:<a@b.example>
      S: 250 2.1.0 Sender OK
      C: RCPT TO:<me@restante.example>
      S: 250 2.1.5 Recipient OK
      C: DATA
      S: 354 *
      ${`C: ${'x'.repeat(98)}\n`.repeat(11)}
      C: .
      S: 552 5.3.4 *
      C: MAIL FROM:<a@b.example>
      S: 250 2.1.0 Sender OK
    `);
    expect(await server.messages('me')).toEqual([]);
  });

  it('are refused when they have been through more than 100 servers', async () => {
    await using loopServer = await startTestServer([{ tls: 'none' }]);
    using client = await SmtpTestClient.connect(loopServer.port(0));
    await client.play(`S: 220 *\n${greeting}`);
    for (const [count, reply] of [
      [100, '250 2.0.0 '],
      [101, '554 5.4.6 '],
    ] as const) {
      await client.ask('MAIL FROM:<a@b.example>');
      await client.ask('RCPT TO:<me@restante.example>');
      await client.ask('DATA');
      expect(await client.ask(`${'Received: x\r\n'.repeat(count)}\r\nbody\r\n.`)).toContain(reply);
    }
    expect(await loopServer.messages('me')).toHaveLength(1);
  });
});

describe('pipelining', () => {
  it('answers a flood of commands in order, message included', async () => {
    using client = await SmtpTestClient.connect(server.port(0));
    await client.reply();
    const one =
      'MAIL FROM:<a@b.example>\r\nRCPT TO:<me@restante.example>\r\nRCPT TO:<nobody@restante.example>\r\nDATA\r\n';
    client.send('EHLO c.example\r\n');
    await client.reply();
    for (let round = 0; round < 50; round++) {
      client.send(one);
      for (const code of ['250', '250', '550', '354']) expect(await client.line()).toContain(code);
      client.send('Subject: x\r\n\r\n.\r\nNOOP\r\nRSET\r\n');
      for (let reply = 0; reply < 3; reply++) expect(await client.line()).toMatch(/^250 2\.0\.0/);
    }
    expect(await server.messages('me')).toHaveLength(50);
  });

  it('lets a client wait that does not read replies', async () => {
    using client = await SmtpTestClient.connect(server.port(0));
    await client.reply();
    client.socket.pause();
    client.send('VRFY x\r\n'.repeat(50));
    client.socket.resume();
    for (let reply = 0; reply < 50; reply++) expect(await client.line()).toMatch(/^252 /);
  });

  it('answers a client that closes its side at once', async () => {
    using client = await SmtpTestClient.connect(server.port(0));
    client.socket.end(
      'HELO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<you@restante.example>\r\nDATA\r\nSubject: z\r\n\r\n.\r\n',
    );
    for (const code of ['220', '250', '250', '250', '354', '250']) expect(await client.line()).toContain(code);
    expect(await server.messages('you')).toHaveLength(1);
  });
});
