import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import type { AttemptReply, Queue } from './queue.ts';
import { QueueFixture, until, zoneResolver } from './queue-fixture.ts';
import type { QueueOptions } from './queue-options.ts';
import { ScriptedPeers } from './scripted-peers.ts';

const zone = { 'there.example': { a: ['192.0.2.1'] } };
const unknown: AttemptReply = { code: 550, enhanced: '5.1.1', text: 'No such user', host: 'there.example' };
const away: AttemptReply = { code: 550, enhanced: '5.4.1', text: 'Server retired', host: 'there.example' };
const fine: AttemptReply = { code: 250, enhanced: '2.0.0', text: 'Ok', host: 'there.example' };

interface World {
  fixture: QueueFixture;
  queue: Queue;
  peers: ScriptedPeers;
  reply: { now: AttemptReply };
  notices: string[];
  /** Submits, and waits for the end. */
  send(address: string, more?: { account?: string; sender?: string }): Promise<void>;
}

async function start(fixture: QueueFixture, more: Partial<QueueOptions> = {}): Promise<World> {
  const reply = { now: fine };
  const notices: string[] = [];
  const peers = new ScriptedPeers({ '192.0.2.1': { reply: () => reply.now } });
  const queue = await fixture.start({
    resolver: zoneResolver(zone),
    connect: peers.connect,
    deliverLocally: async ({ path, recipients }) => {
      notices.push(await readFile(path, 'utf8'));
      return recipients.map(() => ({ code: 250, enhanced: '2.0.0', text: 'Delivered' }));
    },
    ...more,
  });
  const send: World['send'] = async (address, message) => {
    await queue.submit(await fixture.message([address], message));
    await until(async () => (await queue.list({})).length === 0);
  };
  return { fixture, queue, peers, reply, notices, send };
}

describe('suppression', () => {
  it('comes at once when a server says that there is no such address, and spares it further mail of the account', async () => {
    await using fixture = await QueueFixture.create();
    const { queue, peers, reply, notices, send } = await start(fixture);
    reply.now = unknown;
    await send('Grace+a@there.example');
    reply.now = fine;
    expect(await queue.suppressions.list({}, 10)).toEqual([
      {
        account: 'me',
        address: 'Grace+a@there.example',
        baseAddress: 'grace@there.example',
        byHand: false,
        reason: '550 5.1.1 No such user (there.example)',
        addedAt: fixture.clock.at,
      },
    ]);
    const sent = peers.sent.length;
    await send('GRACE+b@there.example');
    expect(peers.sent).toHaveLength(sent);
    expect(await queue.retired.list({ end: 'suppressed' }, 10)).toMatchObject([
      { recipient: 'GRACE+b@there.example', attempts: 0 },
    ]);
    expect(notices.at(-1)?.replace(/\r\n\s+/g, ' ')).toContain(
      'restante queue suppress remove me Grace+a@there.example',
    );
    await send('grace@there.example', { account: 'other' });
    expect(peers.sent).toHaveLength(sent + 1);
    expect(await queue.suppressions.remove('me', ['grace@THERE.example'])).toEqual({ count: 1 });
    await send('grace@there.example');
    expect(peers.sent).toHaveLength(sent + 2);
  });

  it('keeps no other recipient of the same message from it', async () => {
    await using fixture = await QueueFixture.create();
    const { queue, peers } = await start(fixture);
    await queue.suppressions.add('me', 'b@there.example');
    await queue.submit(await fixture.message(['a@there.example', 'b@there.example', 'c@there.example']));
    await until(async () => (await queue.list({})).length === 0);
    expect(peers.sent[0]?.envelope.recipients.map(({ address }) => address)).toEqual([
      'a@there.example',
      'c@there.example',
    ]);
    const ends = await queue.retired.list({ account: 'me' }, 10);
    expect(ends.map(({ recipient, end }) => [recipient, end]).sort()).toEqual([
      ['a@there.example', 'delivered'],
      ['b@there.example', 'suppressed'],
      ['c@there.example', 'delivered'],
    ]);
  });

  it('comes after three other failures within a month, without a delivery between them', async () => {
    await using fixture = await QueueFixture.create();
    const { queue, reply, send } = await start(fixture);
    const failAndList = async (): Promise<number> => {
      reply.now = away;
      await send('a@there.example');
      return (await queue.suppressions.lookup('a@there.example')).length;
    };
    expect(await failAndList()).toBe(0);
    expect(await failAndList()).toBe(0);
    reply.now = fine;
    await send('a@there.example');
    expect(await failAndList()).toBe(0);
    expect(await failAndList()).toBe(0);
    fixture.clock.at += limits.bounceWindowMs;
    expect(await failAndList()).toBe(0);
    expect(await failAndList()).toBe(0);
    expect(await failAndList()).toBe(1);
  });

  it('does not come of what is wrong with a message, nor of what an operator does', async () => {
    await using fixture = await QueueFixture.create();
    const { queue, reply, send } = await start(fixture);
    reply.now = { code: 554, enhanced: '5.7.1', text: 'Spam', host: 'there.example' };
    for (let count = 0; count < 4; count++) await send('a@there.example');
    for (let count = 0; count < 4; count++) {
      await queue.submit(await fixture.message(['b@there.example'], { holdUntil: fixture.clock.at + 1000 }));
      await queue.fail({ all: true });
    }
    expect(await queue.suppressions.list({}, 10)).toEqual([]);
  });

  it('by hand keeps its reason, says when it is there already, and refuses what is no address', async () => {
    await using fixture = await QueueFixture.create();
    const { queue } = await start(fixture);
    expect(await queue.suppressions.add('me', 'a@there.example', 'asked for it')).toEqual({ added: true });
    expect(await queue.suppressions.add('me', 'A+b@there.example')).toEqual({ added: false });
    expect(await queue.suppressions.lookup('a@there.example', 'other')).toEqual([]);
    expect(await queue.suppressions.lookup('a@there.example', 'me')).toMatchObject([
      { byHand: true, reason: 'asked for it' },
    ]);
    for (const name of ['b', 'c', 'd']) await queue.suppressions.add('other', `${name}@there.example`);
    const first = await queue.suppressions.list({ account: 'other' }, 2);
    const rest = await queue.suppressions.list({ account: 'other' }, 2, first.at(-1));
    expect([...first, ...rest].map(({ address }) => address[0])).toEqual(['b', 'c', 'd']);
    await expect(queue.suppressions.add('me', 'nobody')).rejects.toMatchObject({ code: 'invalid-address' });
  });
});

describe('a notice of failure from elsewhere', () => {
  const failed = {
    action: 'failed',
    status: '5.1.1',
    reportingMta: 'mx.there.example',
    diagnostic: '550 5.1.1 Unknown',
  };
  const ofMe = { account: 'me', contentId: 1, recipient: 'me@here.example', originalMessageId: 'one@here.example' };

  it('about a message to one recipient suppresses the address, and once only', async () => {
    await using fixture = await QueueFixture.create();
    const { queue, send } = await start(fixture);
    await send('a+x@there.example');
    const notice = { ...ofMe, recipients: [{ ...failed, addresses: ['A@there.example'] }] };
    expect(await queue.takeNotice(notice)).toEqual([{ id: 1, action: 'failed', suppressed: true }]);
    expect(await queue.retired.list({}, 10)).toMatchObject([
      { end: 'failed', lastResult: { code: 550, enhanced: '5.1.1', text: 'Unknown', host: 'mx.there.example' } },
    ]);
    await queue.suppressions.remove('me', ['a@there.example']);
    expect(await queue.takeNotice(notice)).toEqual([]);
    expect(await queue.takeNotice({ ...notice, contentId: 2 })).toMatchObject([{ suppressed: false }]);
    expect(await queue.suppressions.list({}, 10)).toEqual([]);
  });

  it('about a message to several counts as one failure: another recipient may have made it up', async () => {
    await using fixture = await QueueFixture.create();
    const { queue } = await start(fixture);
    for (let count = 1; count <= 3; count++) {
      const file = await fixture.file(`Message-ID: <${count}@here.example>\r\n\r\nHello\r\n`);
      await queue.submit(await fixture.message(['a@there.example', 'b@there.example'], { file }));
      await until(async () => (await queue.list({})).length === 0);
      const notice = { ...ofMe, contentId: count, originalMessageId: `${count}@here.example` };
      const [noticed] = await queue.takeNotice({
        ...notice,
        recipients: [{ ...failed, addresses: ['a@there.example'] }],
      });
      expect(noticed?.suppressed).toBe(count === 3);
    }
  });

  it('is found by the id in the return path when the original message did not come with it', async () => {
    await using fixture = await QueueFixture.create();
    const { queue, send } = await start(fixture);
    const sender = `me+${'abcdefghijkl'.repeat(2)}@here.example`;
    await send('a@there.example', { sender });
    const recipients = [{ ...failed, addresses: ['a@there.example'] }];
    const unnamed = { account: 'me', originalMessageId: undefined, recipients };
    expect(await queue.takeNotice({ ...unnamed, contentId: 1, recipient: 'me@here.example' })).toEqual([]);
    expect(await queue.takeNotice({ ...unnamed, contentId: 2, recipient: sender.replace('abc', 'abd') })).toEqual([]);
    expect(await queue.takeNotice({ ...unnamed, contentId: 3, recipient: sender })).toMatchObject([
      { suppressed: true },
    ]);
  });

  it.each([
    ['another account', { account: 'other' }, {}],
    ['another message', { originalMessageId: 'two@here.example' }, {}],
    ['a recipient that it was not sent to', {}, { addresses: ['b@there.example'] }],
  ])('that speaks of %s is passed over', async (_what, ofNotice, ofRecipient) => {
    await using fixture = await QueueFixture.create();
    const { queue, send } = await start(fixture);
    await send('a@there.example');
    const recipients = [{ ...failed, addresses: ['a@there.example'], ...ofRecipient }];
    expect(await queue.takeNotice({ ...ofMe, recipients, ...ofNotice })).toEqual([]);
    expect(await queue.suppressions.list({}, 10)).toEqual([]);
  });

  it('of a delay changes nothing', async () => {
    await using fixture = await QueueFixture.create();
    const { queue, send } = await start(fixture);
    await send('a@there.example');
    const recipients = [{ ...failed, action: 'delayed', addresses: ['a@there.example'] }];
    expect(await queue.takeNotice({ ...ofMe, recipients })).toEqual([{ id: 1, action: 'delayed', suppressed: false }]);
    expect(await queue.retired.list({}, 10)).toMatchObject([{ end: 'delivered' }]);
  });
});
