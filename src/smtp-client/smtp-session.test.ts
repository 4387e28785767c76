import { describe, expect, it } from 'vitest';
import { ScriptedPeer } from '../../tests/harness/scripted-peer.ts';
import { silentLog } from '../runtime/log.ts';
import { connectSmtp, type SmtpTarget } from './connect-smtp.ts';
import type { Envelope } from './envelope.ts';
import type { SmtpSession } from './smtp-session.ts';
import type { SmtpTimeouts } from './timeouts.ts';

const greeting = `
  S: 220 mx.test ESMTP
  C: EHLO me.test`;

/** Connects to a peer that plays the transcript, uses the session, and checks that the transcript came to its end. */
async function play(
  transcript: string,
  use: (session: SmtpSession) => Promise<void>,
  options: { timeouts?: Partial<SmtpTimeouts> } = {},
): Promise<void> {
  await using peer = await ScriptedPeer.start(transcript);
  const target: SmtpTarget = { host: 'mx.test', address: '127.0.0.1', port: peer.port, tls: 'opportunistic' };
  const session = await connectSmtp(target, { helloName: 'me.test', log: silentLog, ...options });
  try {
    await use(session);
    await peer.done;
  } finally {
    await session.close();
  }
}

function envelope(changes: Partial<Envelope> & { to?: string[]; text?: string } = {}): Envelope {
  const { to = ['you@example.org'], text = 'Subject: hi\r\n\r\nhello\r\n', ...rest } = changes;
  return {
    sender: 'me@example.com',
    recipients: to.map((address) => ({ address, notify: undefined, orcpt: undefined })),
    ret: undefined,
    envid: undefined,
    smtputf8: false,
    body: '7BIT',
    requireTls: false,
    sizeBytes: text.length,
    content: () => [Buffer.from(text)],
    ...rest,
  };
}

const content = `
  C: Subject: hi
  C:
  C: hello
  C: .`;

describe('SmtpSession', () => {
  it('sends all commands of a transaction at once to a peer that offers PIPELINING', () =>
    play(
      `${greeting}
      S: 250-mx.test
      S: 250-PIPELINING
      S: 250 SIZE 1000
      C: MAIL FROM:<me@example.com> SIZE=22
      C: RCPT TO:<a@example.org>
      C: RCPT TO:<b@example.org>
      C: RCPT TO:<c@example.org>
      C: DATA
      S: 250 2.1.0 ok
      S: 250 2.1.5 ok
      S: 550 5.1.1 no such user
      S: 451-4.7.1 greylisted,
      S: 451 4.7.1 come again
      S: 354 go on ${content}
      S: 250 2.0.0 queued as 123
      C: QUIT
      S: 221 bye`,
      async (session) => {
        expect(await session.send(envelope({ to: ['a@example.org', 'b@example.org', 'c@example.org'] }))).toEqual([
          { code: 250, enhanced: '2.0.0', text: 'queued as 123', host: 'mx.test' },
          { code: 550, enhanced: '5.1.1', text: 'no such user', host: 'mx.test' },
          { code: 451, enhanced: '4.7.1', text: 'greylisted, come again', host: 'mx.test' },
        ]);
        await session.close();
      },
    ));

  it('goes step by step with a peer that knows only HELO', () =>
    play(
      `${greeting}
      S: 502 what?
      C: HELO me.test
      S: 250 mx.test
      C: MAIL FROM:<>
      S: 250 ok
      C: RCPT TO:<a@example.org>
      S: 250 ok
      C: DATA
      S: 354 go on ${content}
      S: 250 thanks`,
      async (session) => {
        expect(await session.send(envelope({ sender: '', to: ['a@example.org'] }))).toEqual([
          { code: 250, enhanced: '2.0.0', text: 'thanks', host: 'mx.test' },
        ]);
      },
    ));

  it('sends several messages, and RSET between them where one was not ended', () =>
    play(
      `${greeting}
      S: 250 mx.test
      C: MAIL FROM:<me@example.com>
      S: 250 ok
      C: RCPT TO:<you@example.org>
      S: 550 no
      C: RSET
      S: 250 ok
      C: MAIL FROM:<me@example.com>
      S: 550 5.7.1 not you
      C: RSET
      S: 250 ok
      C: MAIL FROM:<me@example.com>
      S: 250 ok
      C: RCPT TO:<you@example.org>
      S: 250 ok
      C: DATA
      S: 354 go on ${content}
      S: 554 5.6.0 spam
      C: MAIL FROM:<me@example.com>
      S: 250 ok
      C: RCPT TO:<you@example.org>
      S: 250 ok
      C: DATA
      S: 354 go on ${content}
      S: 250 ok`,
      async (session) => {
        const codes = [];
        for (let i = 0; i < 4; i++) codes.push((await session.send(envelope()))[0]?.code);
        expect(codes).toEqual([550, 550, 554, 250]);
      },
    ));

  it('ends an empty message when a pipelining peer says 354 though it accepted nobody', () =>
    play(
      `${greeting}
      S: 250-mx.test
      S: 250 PIPELINING
      C: MAIL FROM:<me@example.com>
      C: RCPT TO:<you@example.org>
      C: DATA
      S: 250 ok
      S: 550 5.1.1 no
      S: 354 go on
      C: .
      S: 554 no valid recipients
      C: RSET
      S: 250 ok
      C: MAIL FROM:<me@example.com>
      C: RCPT TO:<you@example.org>
      C: DATA
      S: 451 not now
      S: 503 no
      S: 503 no`,
      async (session) => {
        expect(await session.send(envelope())).toMatchObject([{ code: 550, enhanced: '5.1.1' }]);
        expect(await session.send(envelope())).toMatchObject([{ code: 451, enhanced: '4.0.0', text: 'not now' }]);
      },
    ));

  it('passes parameters on as far as they are offered', async () => {
    const message = envelope({
      recipients: [{ address: 'you@example.org', notify: ['FAILURE', 'DELAY'], orcpt: 'rfc822;you@example.org' }],
      ret: 'HDRS',
      envid: 'abc+2B',
      body: '8BITMIME',
    });
    await play(
      `${greeting}
      S: 250-mx.test
      S: 250-8BITMIME
      S: 250 DSN
      C: MAIL FROM:<me@example.com> BODY=8BITMIME RET=HDRS ENVID=abc+2B
      S: 250 ok
      C: RCPT TO:<you@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;you@example.org
      S: 550 no`,
      async (session) => void (await session.send(message)),
    );
    await play(
      `${greeting}
      S: 250 mx.test
      C: MAIL FROM:<me@example.com>
      S: 250 ok
      C: RCPT TO:<you@example.org>
      S: 550 no`,
      async (session) => void (await session.send(message)),
    );
  });

  it('says SMTPUTF8 where it is offered and needed, and refuses for good where it is not offered', async () => {
    await play(
      `${greeting}
      S: 250-mx.test
      S: 250 SMTPUTF8
      C: MAIL FROM:<me@example.com> SMTPUTF8
      S: 250 ok
      C: RCPT TO:<jürgen@example.org>
      S: 550 no`,
      async (session) => void (await session.send(envelope({ to: ['jürgen@example.org'] }))),
    );
    await play(`${greeting}\nS: 250 mx.test`, async (session) => {
      expect(await session.send(envelope({ smtputf8: true, to: ['a@x', 'b@x'] }))).toMatchObject([
        { code: 553, enhanced: '5.6.7' },
        { code: 553, enhanced: '5.6.7' },
      ]);
    });
  });

  it('asks nothing that the peer has ruled out, and sends no address with line ends', () =>
    play(`${greeting}\nS: 250-mx.test\nS: 250 SIZE 10`, async (session) => {
      expect(await session.send(envelope())).toMatchObject([{ code: 552, enhanced: '5.3.4' }]);
      expect(await session.send(envelope({ requireTls: true }))).toMatchObject([{ code: 550, enhanced: '5.7.30' }]);
      expect(await session.send(envelope({ body: 'BINARYMIME', sizeBytes: 1 }))).toMatchObject([{ enhanced: '5.6.3' }]);
      expect(await session.send(envelope({ to: ['a@x>\r\nRSET\r\n'], sizeBytes: 1 }))).toMatchObject([{ code: 553 }]);
    }));

  it('sends binary content by BDAT, in chunks', () =>
    play(
      `${greeting}
      S: 250-mx.test
      S: 250-CHUNKING
      S: 250 BINARYMIME
      C: MAIL FROM:<me@example.com> BODY=BINARYMIME
      S: 250 ok
      C: RCPT TO:<you@example.org>
      S: 250 ok
      C: BDAT 200002
      C: ${'a'.repeat(200_000)}
      S: 250 ok
      C: BDAT 100005 LAST
      C: .${'b'.repeat(100_002)}
      S: 250 2.6.0 done`,
      async (session) => {
        const chunks = [`${'a'.repeat(200_000)}\r\n`, `.${'b'.repeat(100_000)}`, 'bb\r\n'].map((text) =>
          Buffer.from(text),
        );
        expect(await session.send(envelope({ body: 'BINARYMIME', content: () => chunks }))).toMatchObject([
          { code: 250 },
        ]);
      },
    ));

  it('knows nothing of the outcome when the connection breaks after the end of the message', () =>
    play(
      `${greeting}
      S: 250 mx.test
      C: MAIL FROM:<me@example.com>
      S: 250 ok
      C: RCPT TO:<you@example.org>
      S: 250 ok
      C: DATA
      S: 354 go on ${content}
      RESET`,
      async (session) => {
        await expect(session.send(envelope())).rejects.toMatchObject({
          code: 'smtp-session-failed',
          mayHaveAccepted: true,
          reply: { code: 451, enhanced: '4.4.2' },
        });
      },
    ));

  it('is over after 421, at any point, also between messages', async () => {
    await play(
      `${greeting}
      S: 250 mx.test
      C: MAIL FROM:<me@example.com>
      S: 421 4.3.2 shutting down`,
      async (session) => {
        await expect(session.send(envelope())).rejects.toMatchObject({
          mayHaveAccepted: false,
          reply: { code: 421, enhanced: '4.3.2', text: 'shutting down', host: 'mx.test' },
        });
        await expect(session.send(envelope())).rejects.toMatchObject({ reply: { code: 451 } });
      },
    );
    await play(`${greeting}\nS: 250 mx.test\nS: 421 idle`, async (session) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await expect(session.send(envelope())).rejects.toMatchObject({ reply: { code: 421, text: 'idle' } });
    });
  });

  it('takes 2xx to DATA for no acceptance', () =>
    play(
      `${greeting}
      S: 250 mx.test
      C: MAIL FROM:<me@example.com>
      S: 250 ok
      C: RCPT TO:<you@example.org>
      S: 250 ok
      C: DATA
      S: 250 ok`,
      async (session) => {
        expect(await session.send(envelope())).toMatchObject([{ code: 451, enhanced: '4.5.0' }]);
      },
    ));

  it('waits as long as the timeouts say, no longer', () =>
    play(
      `${greeting}
      S: 250 mx.test
      C: MAIL FROM:<me@example.com>
      SILENCE`,
      async (session) => {
        await expect(session.send(envelope())).rejects.toMatchObject({ reply: { code: 451, enhanced: '4.4.2' } });
      },
      { timeouts: { mail: 50 } },
    ));

  it('sends large messages at the pace of the peer, and stops when the peer refuses midway', () =>
    play(
      `${greeting}
      S: 250 mx.test
      C: MAIL FROM:<me@example.com>
      S: 250 ok
      C: RCPT TO:<you@example.org>
      S: 250 ok
      C: DATA
      S: 354 go on
      C: ${'x'.repeat(65_534)}
      S: 552 5.3.4 too large
      CLOSE`,
      async (session) => {
        let given = 0;
        const line = Buffer.from(`${'x'.repeat(65_534)}\r\n`);
        const content = function* () {
          for (; given < 2_000; given++) yield line;
        };
        const replies = await session.send(envelope({ content })).catch((error) => [error.reply]);
        expect(given).toBeLessThan(2_000);
        // The reset may overtake the reply.
        expect([552, 451]).toContain(replies[0]?.code);
      },
    ));

  it('breaks the connection when the content cannot be read, so that the peer does not take half of it', () =>
    play(
      `${greeting}
      S: 250 mx.test
      C: MAIL FROM:<me@example.com>
      S: 250 ok
      C: RCPT TO:<you@example.org>
      S: 250 ok
      C: DATA
      S: 354 go on
      SILENCE`,
      async (session) => {
        const content = function* () {
          yield Buffer.from('Subject: half\r\n');
          throw new Error('disk is gone');
        };
        await expect(session.send(envelope({ content }))).rejects.toThrow('disk is gone');
      },
    ));

  it('ends at once when the caller gives up', () =>
    play(`${greeting}\nS: 250 mx.test\nC: MAIL FROM:<me@example.com>\nSILENCE`, async (session) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error('stopping')), 30);
      await expect(session.send(envelope(), controller.signal)).rejects.toThrow('stopping');
    }));
});
