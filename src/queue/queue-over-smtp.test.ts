import { describe, expect, it } from 'vitest';
import { QueueFixture, until, zoneResolver } from './queue-fixture.ts';
import { SmtpSink } from './smtp-sink.ts';

describe('the queue over SMTP', () => {
  it('says what it was told, to whom it was told, over one session', async () => {
    await using fixture = await QueueFixture.create();
    await using sink = await SmtpSink.start();
    sink.extensions.push('DSN');
    const queue = await fixture.start({
      resolver: zoneResolver({ 'there.example': { a: ['127.0.0.1'] } }),
      connect: undefined,
      smtpPort: sink.port,
    });
    const holdUntil = fixture.clock.at + 1000;
    const dsn = { ret: 'HDRS', envid: 'QQ1' } as const;
    await queue.submit(
      await fixture.message(
        [
          { address: 'a@There.Example', notify: ['SUCCESS', 'FAILURE'], orcpt: 'rfc822;x@y.example' },
          'b@there.example',
        ],
        { ...dsn, holdUntil, prefix: Buffer.from('Received: from me\r\n') },
      ),
    );
    await queue.submit(
      await fixture.message(['c@there.example'], {
        holdUntil: holdUntil + 1,
        sender: '',
        file: await fixture.file('Subject: dots\r\n\r\n.\r\n..x\r\nend'),
      }),
    );
    fixture.clock.at = holdUntil + 1;
    queue.kick();
    await until(async () => (await queue.list({})).length === 0);
    const size = 'Received: from me\r\nSubject: Test\r\nMessage-ID: <one@here.example>\r\n\r\nHello\r\n'.length;
    await until(() => sink.commands.includes('QUIT'));
    expect(sink.commands).toEqual([
      'EHLO mail.here.example',
      `MAIL FROM:<me@here.example> SIZE=${size} RET=HDRS ENVID=QQ1`,
      'RCPT TO:<a@there.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;x@y.example',
      'RCPT TO:<b@there.example>',
      'DATA',
      'MAIL FROM:<> SIZE=28',
      'RCPT TO:<c@there.example>',
      'DATA',
      'QUIT',
    ]);
    expect(sink.received.map(({ content }) => content)).toEqual([
      'Received: from me\r\nSubject: Test\r\nMessage-ID: <one@here.example>\r\n\r\nHello',
      'Subject: dots\r\n\r\n.\r\n..x\r\nend',
    ]);
    expect(sink.connections).toBe(1);
  });

  it('keeps each recipient of one transaction apart: taken, refused, and put off', async () => {
    await using fixture = await QueueFixture.create();
    await using sink = await SmtpSink.start();
    sink.reply = (command) => {
      if (command.includes('<no@')) return '550 5.1.1 No such user';
      if (command.includes('<later@')) return '450 4.2.1 Later';
      return undefined;
    };
    const queue = await fixture.start({
      resolver: zoneResolver({ 'there.example': { a: ['127.0.0.1'] } }),
      connect: undefined,
      smtpPort: sink.port,
    });
    await queue.submit(await fixture.message(['yes@there.example', 'no@there.example', 'later@there.example']));
    await until(() => fixture.delivered.length === 1);
    expect(await queue.list({ domain: 'there.example' })).toMatchObject([
      { recipient: 'later@there.example', attempts: 1, lastResult: { code: 450, enhanced: '4.2.1', text: 'Later' } },
    ]);
    expect(sink.received).toHaveLength(1);
  });

  it('tries again later when the peer closes after the message, and lets go of a peer that hangs when it stops', async () => {
    await using fixture = await QueueFixture.create();
    await using sink = await SmtpSink.start();
    sink.reply = (command) => (command.startsWith('DATA') ? 'close' : undefined);
    const queue = await fixture.start({
      resolver: zoneResolver({ 'there.example': { a: ['127.0.0.1'] } }),
      connect: undefined,
      smtpPort: sink.port,
      stopWaitMs: 100,
    });
    await queue.submit(await fixture.message(['a@there.example']));
    await until(async () => (await queue.list({}))[0]?.attempts === 1);
    expect((await queue.list({}))[0]?.lastResult).toMatchObject({ code: 451, enhanced: '4.4.2' });

    sink.reply = (command) => (command.startsWith('MAIL') ? '' : undefined);
    await queue.schedule({ all: true }, { at: fixture.clock.at });
    await until(() => sink.connections === 2);
    const startedAt = performance.now();
    await queue[Symbol.asyncDispose]();
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
