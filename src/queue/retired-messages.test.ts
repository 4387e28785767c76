import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import { Metrics } from '../runtime/metrics.ts';
import { QueueFixture, until, zoneResolver } from './queue-fixture.ts';
import { ScriptedPeers } from './scripted-peers.ts';

const zone = { 'there.example': { a: ['192.0.2.1'] }, 'relay.example': { a: ['192.0.2.1'] } };
const day = 24 * 60 * 60_000;

describe('what became of messages', () => {
  it('is known of each recipient: when, how, and what was said last', async () => {
    await using fixture = await QueueFixture.create();
    const metrics = new Metrics();
    const peers = new ScriptedPeers({
      '192.0.2.1': {
        reply: (address) =>
          address.startsWith('bad')
            ? { code: 550, enhanced: '5.7.1', text: 'Go away', host: 'there.example' }
            : { code: 250, enhanced: '2.0.0', text: 'Ok', host: 'there.example' },
      },
    });
    const queue = await fixture.start({ resolver: zoneResolver(zone), connect: peers.connect, metrics });
    await queue.submit(
      await fixture.message(['good@there.example', 'bad@there.example', 'ME@here.example'], {
        prefix: Buffer.from('A: b\r\n'),
      }),
    );
    await until(async () => (await queue.list({})).length === 0);
    const all = await queue.retired.list({ account: 'me' }, 10);
    expect(new Map(all.map(({ recipient, end, lastResult }) => [recipient, [end, lastResult?.text]]))).toEqual(
      new Map([
        ['good@there.example', ['delivered', 'Ok']],
        ['bad@there.example', ['failed', 'Go away']],
        ['ME@here.example', ['delivered', 'Delivered']],
      ]),
    );
    expect(await queue.retired.list({ recipient: 'GOOD@there.example' }, 10)).toEqual([
      {
        id: 1,
        messageId: 1,
        account: 'me',
        sender: 'me@here.example',
        recipient: 'good@there.example',
        subject: 'Test',
        messageIdHeader: 'one@here.example',
        sizeBytes: 62,
        isDsn: false,
        queuedAt: fixture.clock.at,
        endedAt: fixture.clock.at,
        end: 'delivered',
        attempts: 1,
        lastResult: { code: 250, enhanced: '2.0.0', text: 'Ok', host: 'there.example', tls: 'encrypted' },
        transport: undefined,
      },
    ]);
    // The DSN of the failure is a message like others.
    expect(await queue.retired.list({ sender: '' }, 10)).toMatchObject([
      { isDsn: true, account: undefined, recipient: 'me@here.example', end: 'delivered' },
    ]);
    // Counted when it is written down.
    await until(
      () => metrics.render().includes('restante_queue_ended_total{end="delivered"} 3'),
      'the notice to count',
    );
    expect(metrics.render()).toContain('restante_queue_ended_total{end="failed"} 1');
  });

  it('tells what operators did, and which transport took a message', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.1': {} });
    const queue = await fixture.start({
      resolver: zoneResolver(zone),
      connect: peers.connect,
      routeFor: () => ({ kind: 'relay', name: 'smart', relay: { host: 'relay.example', port: 587 } }),
    });
    const held = { holdUntil: fixture.clock.at + 1000 };
    await queue.submit(await fixture.message(['a@there.example', 'b@there.example', 'c@there.example'], held));
    await queue.drop({ recipient: 'a@there.example' });
    await queue.fail({ recipient: 'b@there.example' });
    fixture.clock.at += 1000;
    queue.kick();
    await until(async () => (await queue.list({})).length === 0);
    const ends = await queue.retired.list({ account: 'me' }, 10);
    expect(ends.map(({ recipient, end, attempts, transport }) => [recipient, end, attempts, transport])).toEqual([
      ['a@there.example', 'dropped', 0, undefined],
      ['b@there.example', 'failed', 0, undefined],
      ['c@there.example', 'relayed', 1, 'smart'],
    ]);
  });

  it('is listed page by page, and since an instant', async () => {
    await using fixture = await QueueFixture.create();
    const queue = await fixture.start();
    for (let at = 0; at < 3; at++) {
      await queue.submit(await fixture.message(['a@here.example', 'b@here.example']));
      await until(async () => (await queue.list({})).length === 0);
      fixture.clock.at += 1000;
    }
    const found: number[] = [];
    for (let page = await queue.retired.list({}, 4); page.length > 0; ) {
      found.push(...page.map(({ id }) => id));
      page = await queue.retired.list({}, 4, page.at(-1));
    }
    expect(found).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await queue.retired.list({ since: fixture.clock.at - 1000 }, 10)).map(({ id }) => id)).toEqual([5, 6]);
  });

  it('is forgotten after its time, and is not kept when nobody wants it', async () => {
    await using fixture = await QueueFixture.create();
    const first = await fixture.start({ keepRetiredMs: day });
    await first.submit(await fixture.message(['a@here.example']));
    await until(async () => (await first.list({})).length === 0);
    await first[Symbol.asyncDispose]();
    fixture.clock.at += day;
    const second = await fixture.start({ keepRetiredMs: day });
    expect(await second.retired.list({}, 10)).toHaveLength(1);
    await second[Symbol.asyncDispose]();
    fixture.clock.at += 1;
    const third = await fixture.start({ keepRetiredMs: day });
    await until(async () => (await third.retired.list({}, 10)).length === 0);
    await third[Symbol.asyncDispose]();
    const last = await fixture.start({ keepRetiredMs: 0 });
    await last.submit(await fixture.message(['a@here.example']));
    await until(async () => (await last.list({})).length === 0);
    expect(await last.retired.list({}, 10)).toEqual([]);
  });

  it('has a limit: the oldest goes first', async () => {
    await using fixture = await QueueFixture.create();
    const queue = await fixture.start();
    for (const name of ['a', 'b', 'c']) await queue.submit(await fixture.message([`${name}@here.example`]));
    await until(async () => (await queue.list({})).length === 0);
    await using database = await fixture.openDatabase();
    const step = { before: 0, limit: 10 };
    expect(await database.write('forgetRetired', { ...step, most: limits.queueRetiredRows })).toEqual({ count: 0 });
    expect(await database.write('forgetRetired', { ...step, most: 1 })).toEqual({ count: 2 });
    expect(await queue.retired.list({}, 10)).toMatchObject([{ recipient: 'c@here.example' }]);
  });
});
