import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import { silentLog } from '../runtime/log.ts';
import { Metrics } from '../runtime/metrics.ts';
import { HookSink } from './hook-sink.ts';
import type { OutgoingEvent } from './outgoing-event.ts';
import type { AttemptReply, Queue } from './queue.ts';
import { QueueFixture, until, zoneResolver } from './queue-fixture.ts';
import type { QueueOptions } from './queue-options.ts';
import { ScriptedPeers } from './scripted-peers.ts';

const zone = { 'there.example': { a: ['192.0.2.1'] } };
const all: OutgoingEvent[] = [
  'delivered',
  'suppressed',
  'delayed',
  'failed',
  'relayed',
  'expanded',
  'canceled',
  'unrecognized',
];

function hooks(url: string, events: OutgoingEvent[] = all, authorization?: () => Promise<string>) {
  return {
    wantedEvents: (account?: string) => (account === undefined ? { me: events, other: events } : { [account]: events }),
    targetOf: () => ({ url, ...(authorization === undefined ? {} : { authorization }) }),
  } satisfies QueueOptions['webhooks'];
}

function replyTo(address: string): AttemptReply {
  const said = { host: 'there.example' };
  if (address.startsWith('bad')) return { ...said, code: 550, enhanced: '5.1.1', text: 'No such user' };
  if (address.startsWith('slow')) return { ...said, code: 451, enhanced: '4.7.1', text: 'Later' };
  return { ...said, code: 250, enhanced: '2.0.0', text: 'Ok' };
}

async function start(fixture: QueueFixture, more: Partial<QueueOptions>): Promise<Queue> {
  const peers = new ScriptedPeers({ '192.0.2.1': { reply: replyTo } });
  return await fixture.start({ resolver: zoneResolver(zone), connect: peers.connect, ...more });
}

const none = async (queue: Queue): Promise<boolean> => (await queue.webhooks.list({}, 10)).length === 0;

describe('webhooks', () => {
  it('tell what becomes of each recipient, in order', async () => {
    await using fixture = await QueueFixture.create();
    await using sink = await HookSink.start();
    const metrics = new Metrics();
    const queue = await start(fixture, { webhooks: hooks(sink.url), metrics });
    await queue.submit(await fixture.message(['good@there.example']));
    await until(() => sink.received.length === 1);
    expect(sink.received[0]?.body).toEqual({
      version: 1,
      event: 'delivered',
      at: '2026-01-05T10:00:00.000Z',
      account: 'me',
      queueId: 1,
      queueMessageId: 1,
      messageId: 'one@here.example',
      subject: 'Test',
      sender: 'me@here.example',
      recipient: 'good@there.example',
      queuedAt: '2026-01-05T10:00:00.000Z',
      attempts: 1,
      reply: { code: 250, enhanced: '2.0.0', text: 'Ok', host: 'there.example', tls: 'encrypted' },
      byNotice: false,
      suppressing: false,
    });
    expect(sink.received[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-restante-webhook-id': '1',
      'x-restante-webhook-attempt': '1',
    });
    await queue.submit(await fixture.message(['bad@there.example']));
    await until(() => sink.received.length === 2);
    await queue.submit(await fixture.message(['bad@there.example']));
    await until(() => sink.received.length === 3);
    await queue.submit(await fixture.message(['slow@there.example']));
    await until(() => sink.received.length === 4);
    await queue.drop({ domain: 'there.example' });
    await until(() => sink.received.length === 5);
    const notice = { account: 'me', recipient: 'me@here.example', originalMessageId: 'one@here.example' };
    const status = { status: '', reportingMta: 'list.example', diagnostic: undefined };
    await queue.takeNotice({
      ...notice,
      contentId: 1,
      recipients: [{ ...status, action: 'expanded', addresses: ['good@there.example'] }],
    });
    await queue.takeNotice({
      ...notice,
      contentId: 2,
      recipients: [{ ...status, action: 'failed', addresses: ['unknown@there.example'] }],
    });
    await until(() => sink.received.length === 7);
    expect(sink.received.map(({ body }) => [body.event, body.suppressing, body.byNotice])).toEqual([
      ['delivered', false, false],
      ['failed', true, false],
      ['suppressed', false, false],
      ['delayed', false, false],
      ['canceled', false, false],
      ['expanded', false, true],
      ['unrecognized', false, true],
    ]);
    expect(sink.received[3]?.body.nextAttemptAt).toBe('2026-01-05T10:07:30.000Z');
    await until(() => none(queue));
    expect((await queue.webhooks.retired({ account: 'me' }, 10)).map(({ end, status }) => [end, status])).toEqual(
      Array(7).fill(['delivered', 200]),
    );
    expect(metrics.render()).toContain('restante_queue_webhook_requests_total{result="delivered"} 7');
  });

  it('tell nobody what was not asked for, nor of DSNs', async () => {
    await using fixture = await QueueFixture.create();
    await using sink = await HookSink.start();
    const queue = await start(fixture, { webhooks: hooks(sink.url, ['failed']) });
    await queue.submit(await fixture.message(['good@there.example', 'bad@there.example']));
    await until(async () => (await queue.list({})).length === 0);
    await until(() => none(queue));
    expect(sink.received.map(({ body }) => body.recipient)).toEqual(['bad@there.example']);
  });

  it('are repeated until they are taken, one at a time for each account, and outlive a restart', async () => {
    await using fixture = await QueueFixture.create();
    await using sink = await HookSink.start();
    sink.status = () => 503;
    const first = await start(fixture, { webhooks: hooks(sink.url) });
    for (const name of ['a', 'b']) await first.submit(await fixture.message([`${name}@there.example`]));
    await until(async () => (await first.webhooks.list({}, 10))[0]?.attempts === 1);
    await until(async () => (await first.webhooks.list({}, 10)).length === 2);
    expect(await first.webhooks.list({}, 10)).toMatchObject([
      { id: 1, event: 'delivered', lastStatus: 503, lastError: 'status 503', nextAttemptAt: fixture.clock.at + 60_000 },
      { id: 2, attempts: 0 },
    ]);
    await first[Symbol.asyncDispose]();
    sink.status = () => 204;
    const queue = await start(fixture, { webhooks: hooks(sink.url) });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sink.received).toHaveLength(1);
    expect(await queue.webhooks.schedule({ ids: [1] }, fixture.clock.at)).toEqual({ count: 1 });
    await until(() => none(queue));
    const ids = sink.received.map(({ headers }) => headers['x-restante-webhook-id']);
    expect(ids).toEqual(['1', '1', '2']);
    expect(sink.received[1]?.headers['x-restante-webhook-attempt']).toBe('2');
    expect(sink.mostOpen).toBe(1);
  });

  it.each([
    [302, 'redirects are not followed', undefined],
    [500, 'status 500', undefined],
    [400, 'status 400', 'failed'],
    [410, 'status 410', 'failed'],
  ])('with an answer of %i say "%s"', async (status, error, end) => {
    await using fixture = await QueueFixture.create();
    await using sink = await HookSink.start();
    sink.status = () => status;
    const queue = await start(fixture, { webhooks: hooks(sink.url) });
    await queue.submit(await fixture.message(['a@there.example']));
    if (end === undefined) {
      await until(async () => (await queue.webhooks.list({}, 10))[0]?.lastError === error);
    } else {
      await until(async () => (await queue.webhooks.retired({}, 10)).length === 1);
      expect(await queue.webhooks.retired({}, 10)).toMatchObject([{ end, status, error, attempts: 1 }]);
    }
    expect(sink.received).toHaveLength(1);
  });

  it('are given up after ten requests', async () => {
    await using fixture = await QueueFixture.create();
    await using sink = await HookSink.start();
    sink.status = () => 500;
    const queue = await start(fixture, { webhooks: hooks(sink.url) });
    await queue.submit(await fixture.message(['a@there.example']));
    for (let attempts = 1; attempts < 10; attempts++) {
      await until(async () => (await queue.webhooks.list({}, 10))[0]?.attempts === attempts);
      fixture.clock.at = (await queue.webhooks.list({}, 10))[0]!.nextAttemptAt;
      await queue.webhooks.schedule({ account: 'me' }, fixture.clock.at);
    }
    await until(() => none(queue));
    expect(await queue.webhooks.retired({}, 10)).toMatchObject([{ end: 'failed', attempts: 10 }]);
  });

  it('carry an authorization that is seen nowhere else', async () => {
    await using fixture = await QueueFixture.create();
    await using sink = await HookSink.start();
    const lines: string[] = [];
    const log: Log = {
      ...silentLog,
      warn: (fields, message) => lines.push(JSON.stringify(fields) + message),
      error: (fields, message) => lines.push(JSON.stringify(fields) + message),
      info: (fields, message) => lines.push(JSON.stringify(fields) + message),
      debug: (fields, message) => lines.push(JSON.stringify(fields) + message),
    };
    sink.status = () => 500;
    const queue = await start(fixture, { webhooks: hooks(sink.url, all, async () => 'Bearer 12345'), log });
    await queue.submit(await fixture.message(['a@there.example']));
    await until(async () => (await queue.webhooks.list({}, 10))[0]?.attempts === 1);
    expect(sink.received[0]?.headers.authorization).toBe('Bearer 12345');
    expect(lines.join('\n')).toContain('webhook failed');
    expect(lines.join('\n') + JSON.stringify(await queue.webhooks.list({}, 10))).not.toContain('12345');
  });

  it('wait while their authorization cannot be read or nobody answers, and end when nobody wants them any more', async () => {
    await using fixture = await QueueFixture.create();
    const sink = await HookSink.start();
    const { url } = sink;
    await sink[Symbol.asyncDispose]();
    let authorization = (): Promise<string> => Promise.reject(new Error('gone'));
    let wanted = true;
    const queue = await start(fixture, {
      webhooks: {
        ...hooks(url),
        targetOf: () => (wanted ? { url, authorization: () => authorization() } : undefined),
      },
    });
    await queue.submit(await fixture.message(['a@there.example']));
    const lastError = async (): Promise<string | undefined> => (await queue.webhooks.list({}, 10))[0]?.lastError;
    await until(async () => (await lastError()) === 'the file with the authorization cannot be read');
    authorization = async () => 'Bearer 1';
    await queue.webhooks.schedule({}, fixture.clock.at);
    await until(async () => (await lastError()) === 'ECONNREFUSED');
    wanted = false;
    await queue.webhooks.schedule({}, fixture.clock.at);
    await until(() => none(queue));
    expect(await queue.webhooks.retired({}, 10)).toMatchObject([{ end: 'canceled', attempts: 2 }]);
  });

  it('can be canceled', async () => {
    await using fixture = await QueueFixture.create();
    await using sink = await HookSink.start();
    sink.status = () => 500;
    const queue = await start(fixture, { webhooks: hooks(sink.url) });
    for (const name of ['a', 'b', 'c']) await queue.submit(await fixture.message([`${name}@there.example`]));
    await until(async () => (await queue.webhooks.list({}, 10)).length === 3);
    await until(async () => (await queue.webhooks.list({}, 10))[0]?.attempts === 1);
    expect(await queue.webhooks.cancel({ ids: [2] })).toEqual({ count: 1 });
    expect(await queue.webhooks.cancel({ account: 'other' })).toEqual({ count: 0 });
    expect(await queue.webhooks.cancel({})).toEqual({ count: 2 });
    expect((await queue.webhooks.retired({}, 10)).map(({ end }) => end)).toEqual(Array(3).fill('canceled'));
  });

  it('of messages that came in are added once for each message', async () => {
    await using fixture = await QueueFixture.create();
    await using sink = await HookSink.start();
    const queue = await start(fixture, { webhooks: hooks(sink.url) });
    const payload = JSON.stringify({ event: 'incoming' });
    await queue.webhooks.addIncoming('me', [{ contentId: 1, payload }]);
    await queue.webhooks.addIncoming('me', [
      { contentId: 1, payload },
      { contentId: 2, payload },
    ]);
    await until(async () => (await queue.webhooks.retired({}, 10)).length === 2);
    expect(sink.received).toHaveLength(2);
    expect(await queue.webhooks.incomingUpTo('me')).toBeUndefined();
    await queue.webhooks.setIncomingUpTo('me', 5);
    await queue.webhooks.setIncomingUpTo('me', 6);
    expect(await queue.webhooks.incomingUpTo('me')).toBe(6);
  });

  it('that there is no room for are counted', async () => {
    await using fixture = await QueueFixture.create();
    await using sink = await HookSink.start();
    sink.status = () => 500;
    const metrics = new Metrics();
    const queue = await start(fixture, { webhooks: hooks(sink.url), metrics });
    const messages = Array.from({ length: limits.webhooksPerAccount + 2 }, (_, contentId) => ({
      contentId,
      payload: '{}',
    }));
    await queue.webhooks.addIncoming('me', messages);
    expect(metrics.render()).toContain('restante_queue_webhooks_dropped_total 2');
  });
});
