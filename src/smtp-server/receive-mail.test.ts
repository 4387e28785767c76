import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmtpTestClient } from '../../tests/harness/smtp-test-client.ts';
import { startTestServer, type TestSmtpServer } from '../../tests/harness/smtp-test-server.ts';

let server: TestSmtpServer;
beforeAll(async () => {
  server = await startTestServer([{}]);
});
afterAll(() => server[Symbol.asyncDispose]());
const connect = () => SmtpTestClient.connect(server.port(0));

describe('receiving mail', () => {
  it('stores a message with trace fields before it is acknowledged', async () => {
    using client = await connect();
    await client.play(`
      S: 220 mx.restante.example ESMTP Restante
      C: EHLO client.example
      S: 250-mx.restante.example greets client.example
      S: 250-PIPELINING
      S: 250-SIZE 104857600
      S: 250-STARTTLS
      S: 250-8BITMIME
      S: 250-SMTPUTF8
      S: 250-ENHANCEDSTATUSCODES
      S: 250-CHUNKING
      S: 250-BINARYMIME
      S: 250-DSN
      S: 250 LIMITS RCPTMAX=1000
      C: MAIL FROM:<sender@elsewhere.example> SIZE=100
      S: 250 2.1.0 Sender OK
      C: RCPT TO:<me+shop@restante.example>
      S: 250 2.1.5 Recipient OK
      C: DATA
      S: 354 End data with <CRLF>.<CRLF>
      C: Subject: one
      C:
      C: ..dot
      C: .
      S: 250 2.0.0 Message accepted, id *
      C: QUIT
      S: 221 2.0.0 Goodbye
      S: <closed>
    `);
    const [message] = await server.messages('me');
    expect(message).toMatch(
      new RegExp(
        [
          '^Return-Path: <sender@elsewhere.example>',
          'Delivered-To: me@restante.example',
          'Received: from client.example \\(\\[127.0.0.1\\]\\)',
          '\\tby mx.restante.example \\(Restante\\) with ESMTP',
          '\\tid [0-9a-f]{32}',
          '\\tfor <me\\+shop@restante.example>;',
          '\\t\\w{3}, \\d+ \\w{3} \\d{4} [\\d:]{8} \\+0000',
          'Subject: one',
          '',
          '.dot',
          '$',
        ].join('\r\n'),
      ),
    );
  });

  it('stores each of many messages on many connections once', async () => {
    await using busy = await startTestServer([{}]);
    const connection = async (number: number): Promise<void> => {
      using client = await SmtpTestClient.connect(busy.port(0));
      await client.reply();
      await client.ask('EHLO c.example');
      for (let message = 0; message < 20; message++) {
        client.send(
          'MAIL FROM:<a@b.example>\r\nRCPT TO:<me@restante.example>\r\nRCPT TO:<you@restante.example>\r\nDATA\r\n',
        );
        for (const code of ['250', '250', '250', '354']) expect(await client.line()).toContain(code);
        expect(await client.ask(`Subject: ${number}-${message}\r\n\r\n.`)).toMatch(/^250 /);
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_, number) => connection(number)));
    for (const account of ['me', 'you']) {
      const subjects = (await busy.messages(account)).map((text) => /^Subject: (.*)\r$/m.exec(text)?.[1]);
      expect(new Set(subjects).size).toBe(200);
      expect(subjects).toHaveLength(200);
    }
  });

  it('answers 451 and goes on when the store fails', async () => {
    await using broken = await startTestServer([{}], {
      accounts: { startMessage: () => Promise.reject(new Error('disk on fire')) },
    });
    using client = await SmtpTestClient.connect(broken.port(0));
    await client.play(`
      S: 220 *
      C: HELO c.example
      S: 250 *
      C: MAIL FROM:<a@b.example>
      S: 250 *
      C: RCPT TO:<me@restante.example>
      S: 250 *
      C: DATA
      S: 354 *
      C: Subject: x
      C: .
      S: 451 4.3.0 Something failed here, please try again later
      C: MAIL FROM:<a@b.example>
      S: 250 *
    `);
  });
});
