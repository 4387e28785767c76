import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SmtpTestClient } from '../../tests/harness/smtp-test-client.ts';
import { password, startTestServer, type TestSmtpServer } from '../../tests/harness/smtp-test-server.ts';

let server: TestSmtpServer;
beforeAll(async () => {
  server = await startTestServer([{ kind: 'submission', tls: 'none', allowPlaintextAuth: true }]);
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  server.submissions.length = 0;
});

const credentials = Buffer.from(`\0me@restante.example\0${password}`).toString('base64');

async function play(transcript: string): Promise<void> {
  using client = await SmtpTestClient.connect(server.port(0));
  await client.reply();
  await client.ask('EHLO laptop.example');
  await client.play(`C: AUTH PLAIN ${credentials}\nS: 235 *\n${transcript}`);
}

const envelope = `
  C: MAIL FROM:<me@restante.example>
  S: 250 *
  C: RCPT TO:<friend@elsewhere.example>
  S: 250 *
  C: DATA
  S: 354 *
`;

describe('submission', () => {
  it('offers FUTURERELEASE', async () => {
    using client = await SmtpTestClient.connect(server.port(0));
    await client.reply();
    expect(await client.ask('EHLO c.example')).toMatch(/250-FUTURERELEASE 2592000 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
  });

  it('hands everything to the queue, with all parameters', async () => {
    await play(
      `
      C: MAIL FROM:<me@restante.example> SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=x+2By HOLDUNTIL=2026-11-24T10:00:00Z
      S: 501 5.5.4 *
      C: MAIL FROM:<me@restante.example> SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=x+2By HOLDFOR=3600
      S: 250 *
      C: RCPT TO:<"a b"@elsewhere.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;z@elsewhere.example
      S: 250 *
      C: RCPT TO:<you@restante.example>
      S: 250 *
      C: RCPT TO:<nobody@restante.example>
      S: 550 5.1.1 *
      C: DATA
      S: 354 *
      C: From: me <me@restante.example>
      C: Message-ID: <1@laptop.example>
      C: Date: Mon, 23 Nov 2026 21:28:13 +0000
      C: Bcc: other@elsewhere.example
      C:
      C: Hello
      C: .
      S: 250 2.0.0 *
    `.replace('HOLDUNTIL=2026-11-24T10:00:00Z', 'HOLDUNTIL=2126-11-24T10:00:00Z'),
    );
    expect(server.submissions).toEqual([
      {
        sender: 'me@restante.example',
        account: 'me',
        recipients: [
          { address: '"a b"@elsewhere.example', notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;z@elsewhere.example' },
          { address: 'you@restante.example' },
        ],
        smtputf8: true,
        body: '8BITMIME',
        requireTls: false,
        ret: 'HDRS',
        envid: 'x+2By',
        holdUntil: expect.any(Number),
        text: expect.stringMatching(
          /^Received: by mx\.restante\.example \(Restante\) with UTF8SMTPA\r\n\tid [0-9a-f]{32};\r\n\t.*\r\nFrom: me/,
        ),
      },
    ]);
    const [{ text, holdUntil }] = server.submissions;
    expect(text).not.toMatch(/127\.0\.0\.1|laptop\.example \(|^Message-ID: .*restante/m);
    expect(text).toMatch(/Bcc: other/);
    expect(holdUntil! - Date.now()).toBeGreaterThan(3590_000);
    expect(await server.messages('you')).toEqual([]);
  });

  it('adds Message-ID and Date when they are missing', async () => {
    await play(`${envelope}
      C: From: me@restante.example
      C:
      C: Hello
      C: .
      S: 250 2.0.0 *
    `);
    const [{ text }] = server.submissions;
    expect(text).toMatch(/\r\nMessage-ID: <[\w-]{22}@mx\.restante\.example>\r\nDate: \w{3}, .* \+0000\r\nFrom: me@/);
  });

  it.each([
    ['From: boss@restante.example', '550 5.7.1 *'],
    ['From: me@restante.example, boss@restante.example', '550 5.7.1 *'],
    ['From: "me@restante.example" <boss@restante.example>', '550 5.7.1 *'],
    ['To: you@restante.example', '550 5.6.0 *'],
    ['From: me@restante.example\n C: From: boss@restante.example', '550 5.6.0 *'],
    ['From: nobody', '550 5.7.1 *'],
    ['From: "List" <list@restante.example>', '250 2.0.0 *'],
    ['from : me@restante.example', '250 2.0.0 *'],
  ])('answers a message with %s by %s', async (header, reply) => {
    await play(`${envelope}
      C: ${header}
      C:
      C: Hello
      C: .
      S: ${reply}
    `);
    expect(server.submissions).toHaveLength(reply.startsWith('250') ? 1 : 0);
  });

  it("refuses other people's addresses as sender, and takes the null sender", async () => {
    await play(`
      C: MAIL FROM:<boss@restante.example>
      S: 550 5.7.1 *
      C: MAIL FROM:<me@elsewhere.example>
      S: 550 5.7.1 *
      C: MAIL FROM:<>
      S: 250 *
    `);
  });

  it('answers 451 and keeps nothing when the queue fails', async () => {
    await using broken = await startTestServer([{ kind: 'submission', tls: 'none', allowPlaintextAuth: true }], {
      queue: { submit: () => Promise.reject(new Error('disk on fire')) },
    });
    using client = await SmtpTestClient.connect(broken.port(0));
    await client.reply();
    await client.ask('EHLO laptop.example');
    await client.play(`
      C: AUTH PLAIN ${credentials}
      S: 235 *
      ${envelope}
      C: From: me@restante.example
      C: .
      S: 451 4.3.0 Something failed here, please try again later
      C: NOOP
      S: 250 *
    `);
  });
});
