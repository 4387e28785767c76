import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmtpTestClient } from '../../tests/harness/smtp-test-client.ts';
import { password, startTestServer, type TestSmtpServer } from '../../tests/harness/smtp-test-server.ts';

let server: TestSmtpServer;
beforeAll(async () => {
  server = await startTestServer([{ tls: 'starttls' }, { tls: 'none', kind: 'submission', allowPlaintextAuth: true }], {
    limits: { smtpTarpitMs: 0, smtpCommandTimeoutMs: 300, smtpDataChunkTimeoutMs: 300, messageBytes: 5000 },
  });
});
afterAll(() => server[Symbol.asyncDispose]());

const hello = 'EHLO c.example\r\n';
const login = `${hello}AUTH PLAIN ${Buffer.from(`\0me@restante.example\0${password}`).toString('base64')}\r\n`;
const mail = 'MAIL FROM:<me@restante.example>\r\n';
const rcpt = 'RCPT TO:<me@restante.example>\r\n';
/** What brings a session into each state. */
const states = [
  '',
  hello,
  hello + mail,
  hello + mail + rcpt,
  `${hello}${mail}${rcpt}DATA\r\n`,
  `${hello}${mail}${rcpt}BDAT 5\r\nab`,
];
const submissionStates = [
  '',
  hello,
  `${hello}AUTH LOGIN\r\n`,
  `${hello}AUTH SCRAM-SHA-256\r\n`,
  login,
  `${login}${mail}${rcpt}DATA\r\n`,
];

const words = fc.constantFrom(
  ...[
    'EHLO',
    'HELO',
    'MAIL',
    'RCPT',
    'DATA',
    'BDAT',
    'RSET',
    'NOOP',
    'QUIT',
    'VRFY',
    'AUTH',
    'STARTTLS',
    'HELP',
    'EXPN',
  ],
  ...[' ', '\r\n', '\r', '\n', '.', '\r\n.\r\n', '\n.\n', '\0', ':', '<', '>', '@', '=', '*', '+', ';', ','],
  ...[
    'FROM:',
    'TO:',
    '<>',
    '<a@b.example>',
    'SIZE=',
    'BODY=',
    'NOTIFY=',
    'LAST',
    '0',
    '5',
    '99999999999',
    'LOGIN',
    'PLAIN',
  ],
  ...['ü', '\u{1f600}', 'x'.repeat(3000), 'From: me@restante.example\r\n\r\n', 'bixhLGM='],
);
const inputs = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: words.map((word) => Buffer.from(word)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
  ),
  {
    maxLength: 25,
  },
);

describe('a session that is sent anything in any state', () => {
  it.each([
    [0, states],
    [1, submissionStates],
  ])(
    'on listener %i ends with well-formed replies, and the server goes on',
    async (listener, starts) => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...starts), inputs, fc.boolean(), async (start, input, atOnce) => {
          using client = await SmtpTestClient.connect(server.port(listener));
          client.send(start);
          if (atOnce) client.send(Buffer.concat(input));
          else for (const piece of input) client.send(Buffer.from(piece));
          client.socket.end();
          const output = await client.closed();
          // A STARTTLS that was answered ends the plain text.
          for (const line of output.split('220 2.0.0 Go ahead\r\n')[0].split('\r\n').slice(0, -1)) {
            expect(line).toMatch(/^(?:[2-5]\d\d[ -][\x20-\x7e]*)$/);
          }
        }),
        { numRuns: 150, seed: 20261123, endOnFailure: true },
      );
      using client = await SmtpTestClient.connect(server.port(listener));
      expect(await client.reply()).toMatch(/^220 /);
    },
    60_000,
  );
});
