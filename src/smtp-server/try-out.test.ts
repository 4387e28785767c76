import { describe, expect, it } from 'vitest';
import { SmtpTestClient } from '../../tests/harness/smtp-test-client.ts';
import { startTestServer } from '../../tests/harness/smtp-test-server.ts';

describe('localserve', () => {
  it('gives the replies that addresses ask for', async () => {
    await using server = await startTestServer([{}], {
      localServe: true,
      resolve: () => ({ kind: 'account', account: 'me', mailbox: 'Inbox', address: 'me@localhost' }),
    });
    using client = await SmtpTestClient.connect(server.port(0));
    await client.play(`
      S: 220 *
      C: HELO c.example
      S: 250 *
      C: MAIL FROM:<mailfrom451@b.example>
      S: 451 4.0.0 The address asks for this reply
      C: MAIL FROM:<x550@b.example>
      S: 250 *
      C: RCPT TO:<a.temperror@localhost>
      S: 451 4.0.0 *
      C: RCPT TO:<permerror@localhost>
      S: 550 5.0.0 *
      C: RCPT TO:<any452@elsewhere.example>
      S: 452 4.0.0 *
      C: RCPT TO:<any@elsewhere.example>
      S: 250 *
      C: RCPT TO:<timeout@localhost>
    `);
    const answered = await Promise.race([client.reply(), new Promise((resolve) => setTimeout(resolve, 50, 'silence'))]);
    expect(answered).toBe('silence');
  });
});
