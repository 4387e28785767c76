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
});
