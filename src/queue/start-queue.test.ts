import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { SmtpSessionError } from '../smtp-client/session-error.ts';
import type { AttemptReply } from './queue.ts';
import { QueueFixture, until, zoneResolver } from './queue-fixture.ts';
import { ScriptedPeers } from './scripted-peers.ts';

const minute = 60_000;
const zone = {
  'there.example': { mx: [[10, 'mx.there.example']] as [number, string][] },
  'mx.there.example': { a: ['192.0.2.1'] },
};
const temporary: AttemptReply = { code: 451, enhanced: '4.7.1', text: 'Greylisted', host: 'mx.there.example' };
const unknown: AttemptReply = { code: 550, enhanced: '5.1.1', text: 'No such user', host: 'mx.there.example' };

async function contentOf(message: { path: string }): Promise<string> {
  return await readFile(message.path, 'utf8');
}

describe('the queue', () => {
  it('delivers to recipients here, and removes the message with its file', async () => {
    await using fixture = await QueueFixture.create();
    const contents: string[] = [];
    const queue = await fixture.start({
      deliverLocally: async (message) => {
        contents.push(Buffer.from(message.prefix).toString() + (await contentOf(message)));
        return message.recipients.map(() => ({ code: 250, enhanced: '2.1.5', text: 'Delivered' }));
      },
    });
    const { ids } = await queue.submit(
      await fixture.message(['a@here.example', 'b@HERE.example'], { prefix: Buffer.from('X: y\r\n') }),
    );
    expect(ids).toHaveLength(2);
    await until(async () => (await queue.list({})).length === 0);
    expect(contents).toEqual(['X: y\r\nSubject: Test\r\nMessage-ID: <one@here.example>\r\n\r\nHello\r\n']);
    const directory = join(fixture.dataDirectory, 'queue/msg/0');
    await until(async () => (await readdir(directory)).length === 0);
  });

  it('sends all recipients of a domain in one transaction, and messages for it over one session', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.1': {} });
    const queue = await fixture.start({ resolver: zoneResolver(zone), connect: peers.connect });
    await queue.hold({ all: true });
    for (let at = 0; at < 3; at++) {
      const later = fixture.clock.at + 1000;
      await queue.submit(await fixture.message(['a@there.example', 'b@there.example'], { holdUntil: later }));
    }
    expect(peers.connections).toEqual([]);
    fixture.clock.at += 1000;
    queue.kick();
    await until(async () => (await queue.list({})).length === 0);
    expect(peers.connections).toEqual([
      { host: 'mx.there.example', address: '192.0.2.1', port: 25, tls: 'opportunistic' },
    ]);
    expect(peers.sent.map(({ envelope }) => envelope.recipients.map(({ address }) => address))).toEqual(
      Array(3).fill(['a@there.example', 'b@there.example']),
    );
    expect(peers.sent[0]?.content).toContain('Hello');
    await until(() => peers.open === 0);
  });

  it('tries again after 7.5 minutes, doubling, tells of the delay after the fifth attempt, and gives up after the eighth', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.1': { reply: () => temporary } });
    const queue = await fixture.start({ resolver: zoneResolver(zone), connect: peers.connect });
    await queue.submit(await fixture.message(['a@there.example']));
    const waits: number[] = [];
    const notices: string[] = [];
    for (let attempts = 1; attempts <= 8; attempts++) {
      await until(() => peers.sent.length === attempts);
      if (attempts === 8) break;
      await until(async () => (await queue.list({ domain: 'there.example' }))[0]?.attempts === attempts);
      const [entry] = await queue.list({ domain: 'there.example' });
      expect(entry).toMatchObject({ lastResult: temporary, lastAttemptAt: fixture.clock.at });
      waits.push((entry as { nextAttemptAt: number }).nextAttemptAt - fixture.clock.at);
      notices.push(fixture.delivered.length.toString());
      fixture.clock.at = (entry as { nextAttemptAt: number }).nextAttemptAt;
      queue.kick();
    }
    expect(waits.map((wait) => wait / minute)).toEqual([7.5, 15, 30, 60, 120, 240, 480]);
    await until(async () => (await queue.list({})).length === 0);
    expect(fixture.delivered.map(({ sender, recipients }) => [sender, recipients[0]?.address])).toEqual([
      ['', 'me@here.example'],
      ['', 'me@here.example'],
    ]);
  });

  it('writes DSNs that say what failed, with the header of the original', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({
      '192.0.2.1': { reply: (address) => (address.startsWith('a') ? unknown : temporary) },
    });
    const dsns: string[] = [];
    const queue = await fixture.start({
      resolver: zoneResolver(zone),
      connect: peers.connect,
      deliverLocally: async (message) => {
        dsns.push(await contentOf(message));
        expect(message).toMatchObject({ sender: '', isDsn: true });
        return message.recipients.map(() => ({ code: 250, enhanced: '2.1.5', text: 'Delivered' }));
      },
    });
    await queue.submit(
      await fixture.message([{ address: 'a@there.example', orcpt: 'rfc822;a+2Bb@there.example' }, 'b@there.example'], {
        envid: 'QQ314159',
      }),
    );
    await until(() => dsns.length === 1);
    const [dsn] = dsns as [string];
    expect(dsn).toContain('Original-Envelope-Id: QQ314159\r\n');
    expect(dsn).toContain('Reporting-MTA: dns; mail.here.example\r\n');
    expect(dsn).toContain('Original-Recipient: rfc822; a+b@there.example\r\n');
    expect(dsn).toContain('Final-Recipient: rfc822; a@there.example\r\nAction: failed\r\nStatus: 5.1.1\r\n');
    expect(dsn).toContain('Remote-MTA: dns; mx.there.example\r\nDiagnostic-Code: smtp; 550 5.1.1 No such user\r\n');
    expect(dsn).toContain('Subject: Test\r\nMessage-ID: <one@here.example>\r\n');
    expect(dsn).not.toContain('Hello');
    expect(dsn).not.toContain('rfc822; b@there.example');
    // The DSN is settled after it was delivered.
    await expect
      .poll(async () => (await queue.list({})).map(({ recipient }) => recipient))
      .toEqual(['b@there.example']);
  });

  it('never answers the null sender, nor NOTIFY=NEVER', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.1': { reply: () => unknown } });
    const queue = await fixture.start({ resolver: zoneResolver(zone), connect: peers.connect });
    await queue.submit(await fixture.message(['a@there.example'], { sender: '' }));
    await queue.submit(await fixture.message([{ address: 'a@there.example', notify: ['NEVER'] }]));
    await queue.submit(await fixture.message([{ address: 'a@there.example', notify: ['SUCCESS', 'DELAY'] }]));
    await until(async () => (await queue.list({})).length === 0);
    expect(fixture.delivered).toEqual([]);
  });

  it('tells of success as asked: relayed where the peer has no DSN, nothing where it has, delivered here', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.1': {}, '192.0.2.2': { offers: { dsn: true } } });
    const dsns: string[] = [];
    const queue = await fixture.start({
      resolver: zoneResolver({ ...zone, 'dsn.example': { a: ['192.0.2.2'] } }),
      connect: peers.connect,
      deliverLocally: async (message) => {
        if (message.isDsn) dsns.push(await contentOf(message));
        return message.recipients.map(() => ({ code: 250, enhanced: '2.1.5', text: 'Delivered' }));
      },
    });
    const notify = ['SUCCESS'];
    await queue.submit(
      await fixture.message([
        { address: 'a@there.example', notify },
        { address: 'b@dsn.example', notify, orcpt: 'rfc822;b@dsn.example' },
        { address: 'c@here.example', notify },
      ]),
    );
    await until(async () => (await queue.list({})).length === 0);
    expect(dsns.map((dsn) => /Final-Recipient: .*\r\nAction: .*/.exec(dsn)?.[0]).sort()).toEqual([
      'Final-Recipient: rfc822; a@there.example\r\nAction: relayed',
      'Final-Recipient: rfc822; c@here.example\r\nAction: delivered',
    ]);
    const passedOn = peers.sent.find(({ target }) => target.address === '192.0.2.2');
    expect(passedOn?.envelope.recipients).toEqual([
      { address: 'b@dsn.example', notify, orcpt: 'rfc822;b@dsn.example' },
    ]);
  });

  it('goes to the next address, the next exchanger, and says what the last one said', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.3': {} });
    const queue = await fixture.start({
      resolver: zoneResolver({
        'there.example': {
          mx: [
            [20, 'b.example'],
            [10, 'a.example'],
            [30, 'c.example'],
            [15, 'gone.example'],
          ],
        },
        'a.example': { aaaa: ['2001:db8::1'], a: ['192.0.2.1'] },
        'b.example': { a: ['192.0.2.3'] },
        'c.example': { a: ['192.0.2.4'] },
      }),
      connect: peers.connect,
    });
    await queue.submit(await fixture.message(['x@there.example']));
    await until(async () => (await queue.list({})).length === 0);
    expect(peers.connections.map(({ address }) => address)).toEqual(['2001:db8::1', '192.0.2.1', '192.0.2.3']);
  });

  it('takes null MX, missing domains and its own MX record for final, and DNS trouble for temporary', async () => {
    await using fixture = await QueueFixture.create();
    const dsns: string[] = [];
    const queue = await fixture.start({
      resolver: zoneResolver({
        'null.example': { mx: [[0, '.']] },
        'own.example': {
          mx: [
            [10, 'mail.here.example'],
            [20, 'worse.example'],
          ],
        },
        'slow.example': 'temporary',
      }),
      deliverLocally: async (message) => {
        dsns.push(await contentOf(message));
        return message.recipients.map(() => ({ code: 250, enhanced: '2.1.5', text: 'Delivered' }));
      },
    });
    await queue.submit(await fixture.message(['a@null.example', 'a@own.example', 'a@gone.example', 'a@slow.example']));
    await until(() => dsns.length === 3);
    expect(dsns.map((dsn) => /Status: .*/.exec(dsn)?.[0]).sort()).toEqual([
      'Status: 5.1.10',
      'Status: 5.1.2',
      'Status: 5.4.6',
    ]);
    const [left] = await queue.list({});
    expect(left).toMatchObject({ recipient: 'a@slow.example', lastResult: { code: 451, enhanced: '4.4.3' } });
  });

  it('tries without TLS what fails with it, unless the message requires TLS', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({
      '192.0.2.1': {
        refuse: ({ tls }) =>
          tls === 'none'
            ? undefined
            : new SmtpSessionError(
                { code: 451, enhanced: '4.7.5', text: 'TLS handshake failed' },
                { tlsFault: { type: 'validation-failure', detail: 'handshake' } },
              ),
      },
    });
    const policy = {
      mode: 'testing',
      mx: ['*.example', '*.there.example', 'there.example'],
      maxAgeSeconds: 60,
    } as const;
    const findMtaSts = async () => ({ policy, fault: undefined });
    const queue = await fixture.start({ resolver: zoneResolver(zone), connect: peers.connect, findMtaSts });
    await queue.submit(await fixture.message(['a@there.example']));
    await queue.submit(await fixture.message(['b@there.example'], { requireTls: true }));
    await until(async () => (await queue.list({ recipient: 'b@there.example' }))[0]?.attempts === 1);
    await until(() => peers.sent.length === 1);
    expect(peers.sent[0]?.envelope.recipients[0]?.address).toBe('a@there.example');
    expect(peers.connections.filter(({ tls }) => tls === 'required')).toHaveLength(1);
  });

  it('asks a host that cannot be reached once for all messages that are due there', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({});
    const queue = await fixture.start({ resolver: zoneResolver(zone), connect: peers.connect });
    const holdUntil = fixture.clock.at + 1;
    for (let at = 0; at < 20; at++) await queue.submit(await fixture.message([`u${at}@there.example`], { holdUntil }));
    fixture.clock.at += 1;
    queue.kick();
    await until(async () => (await queue.list({})).every(({ attempts }) => attempts === 1));
    expect(peers.connections).toHaveLength(1);
  });

  it('sends the rest in further transactions when the peer says 452 or has a RCPTMAX', async () => {
    await using fixture = await QueueFixture.create();
    let taken = 0;
    const tooMany: AttemptReply = { code: 452, enhanced: '4.5.3', text: 'Too many recipients' };
    const peers = new ScriptedPeers({
      '192.0.2.1': {
        offers: { recipients: 4 },
        reply: (address, envelope) => {
          if (envelope.recipients[0]?.address === address) taken = 0;
          return ++taken > 3 ? tooMany : { code: 250, enhanced: '2.0.0', text: 'Ok' };
        },
      },
    });
    const queue = await fixture.start({ resolver: zoneResolver(zone), connect: peers.connect });
    await queue.submit(await fixture.message(Array.from({ length: 10 }, (_, at) => `u${at}@there.example`)));
    await until(async () => (await queue.list({})).length === 0);
    expect(peers.sent.map(({ envelope }) => envelope.recipients.length)).toEqual([4, 4, 4, 1]);
  });

  it('takes a new session for the next message when the peer has ended the old one', async () => {
    await using fixture = await QueueFixture.create();
    const closing = new SmtpSessionError({ code: 421, enhanced: '4.3.2', text: 'Enough' });
    const peers = new ScriptedPeers({
      '192.0.2.1': {
        reply: (_address, _envelope, messages) =>
          messages >= 2 ? closing : { code: 250, enhanced: '2.0.0', text: 'Ok' },
      },
    });
    const queue = await fixture.start({ resolver: zoneResolver(zone), connect: peers.connect });
    const holdUntil = fixture.clock.at + 1;
    for (let at = 0; at < 5; at++) await queue.submit(await fixture.message([`u${at}@there.example`], { holdUntil }));
    fixture.clock.at += 1;
    queue.kick();
    await until(async () => (await queue.list({})).length === 0);
    expect(peers.connections).toHaveLength(3);
    expect(peers.sent).toHaveLength(5);
  });

  it('keeps to its limits of sessions, in all and for each destination', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.1': {} });
    const domains = Array.from({ length: 12 }, (_, at) => `d${at}.example`);
    const queue = await fixture.start({
      resolver: zoneResolver(Object.fromEntries(domains.map((domain) => [domain, { a: ['192.0.2.1'] }]))),
      connect: peers.connect,
      maxDeliveries: 4,
    });
    for (const domain of domains) await queue.submit(await fixture.message([`a@${domain}`, `b@${domain}`]));
    await until(async () => (await queue.list({})).length === 0);
    expect(peers.sent).toHaveLength(12);
    expect(peers.mostOpen).toBeLessThanOrEqual(4);
  });

  it('holds, schedules, fails and drops what a filter chooses, and nothing without one', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.1': { reply: () => temporary } });
    const queue = await fixture.start({ resolver: zoneResolver(zone), connect: peers.connect });
    const holdUntil = fixture.clock.at + 1000;
    const one = await queue.submit(await fixture.message(['a@there.example', 'b@there.example'], { holdUntil }));
    await queue.submit(
      await fixture.message(['c@there.example'], { holdUntil, account: 'other', sender: 'o@here.example' }),
    );
    await expect(queue.drop({})).rejects.toMatchObject({ code: 'empty-queue-filter' });

    expect(await queue.hold({ account: 'me' })).toEqual({ count: 2 });
    expect((await queue.list({ held: true })).map(({ recipient }) => recipient)).toEqual([
      'a@there.example',
      'b@there.example',
    ]);
    fixture.clock.at += 1000;
    queue.kick();
    await until(async () => (await queue.list({ sender: 'O@here.example' }))[0]?.attempts === 1);
    expect(peers.sent).toHaveLength(1);

    expect(await queue.schedule({ ids: one.ids }, { at: fixture.clock.at + 60_000 })).toEqual({ count: 2 });
    expect(await queue.schedule({ ids: one.ids.slice(0, 1) }, { deltaMs: 5 })).toEqual({ count: 1 });
    expect((await queue.list({ ids: one.ids })).map(({ nextAttemptAt }) => nextAttemptAt - fixture.clock.at)).toEqual([
      60_005, 60_000,
    ]);
    expect(await queue.unhold({ domain: 'There.Example' })).toEqual({ count: 3 });

    expect(await text(await queue.dump(one.ids[0] as number))).toContain('Hello');
    expect(await queue.fail({ recipient: 'a@there.example' })).toEqual({ count: 1 });
    await until(() => fixture.delivered.length === 1);
    await expect(queue.dump(one.ids[0] as number)).rejects.toMatchObject({ code: 'queue-entry-not-found' });
    expect(await queue.drop({ all: true })).toEqual({ count: 2 });
    expect(await queue.list({})).toEqual([]);
    expect(fixture.delivered).toHaveLength(1);
  });

  it('delivers nothing when it is opened to be worked on', async () => {
    await using fixture = await QueueFixture.create();
    const queue = await fixture.start({ maxDeliveries: 0 });
    await queue.submit(await fixture.message(['a@here.example', 'b@there.example']));
    expect(await queue.hold({ recipient: 'a@here.example' })).toEqual({ count: 1 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await queue.list({})).map(({ attempts, held }) => [attempts, held])).toEqual([
      [0, true],
      [0, false],
    ]);
    await queue[Symbol.asyncDispose]();
    await fixture.start();
    expect(fixture.delivered).toEqual([]);
  });

  it('goes on where it was after it is closed and opened', async () => {
    await using fixture = await QueueFixture.create();
    const queue = await fixture.start();
    const holdUntil = fixture.clock.at + 1000;
    await queue.submit(await fixture.message(['a@here.example'], { holdUntil }));
    await queue[Symbol.asyncDispose]();
    fixture.clock.at += 1000;
    const again = await fixture.start();
    await until(async () => (await again.list({})).length === 0);
    expect(fixture.delivered).toHaveLength(1);
  });
});
