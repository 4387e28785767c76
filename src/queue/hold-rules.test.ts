import { describe, expect, it } from 'vitest';
import { QueueFixture, until, zoneResolver } from './queue-fixture.ts';
import { ScriptedPeers } from './scripted-peers.ts';

const zone = { 'there.example': { a: ['192.0.2.1'] }, 'far.example': { a: ['192.0.2.1'] } };

async function heldOf(queue: Awaited<ReturnType<QueueFixture['start']>>): Promise<string[]> {
  return (await queue.list({})).filter(({ held }) => held).map(({ recipient }) => recipient);
}

describe('hold rules', () => {
  it('hold what comes and fits, and nothing else', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.1': {} });
    const queue = await fixture.start({ resolver: zoneResolver(zone), connect: peers.connect });
    await queue.holdRules.add({ account: 'me', recipientDomain: 'THERE.example' });
    await queue.submit(await fixture.message(['a@there.example', 'b@far.example']));
    await queue.submit(await fixture.message(['c@there.example'], { account: 'other' }));
    await until(async () => (await queue.list({})).length === 1);
    expect(await heldOf(queue)).toEqual(['a@there.example']);
    expect(peers.sent.flatMap(({ envelope }) => envelope.recipients.map(({ address }) => address)).sort()).toEqual([
      'b@far.example',
      'c@there.example',
    ]);
  });

  it('hold what waits already, by the domain of its sender however it is written', async () => {
    await using fixture = await QueueFixture.create();
    const queue = await fixture.start();
    const holdUntil = fixture.clock.at + 1000;
    await queue.submit(await fixture.message(['a@there.example'], { sender: 'me@BÜCHER.example', holdUntil }));
    await queue.submit(await fixture.message(['b@there.example'], { sender: 'me@here.example', holdUntil }));
    const { id, held } = await queue.holdRules.add({ senderDomain: 'xn--bcher-kva.example' });
    expect(held).toBe(1);
    expect(await heldOf(queue)).toEqual(['a@there.example']);
    // Again, after an interruption.
    await queue.unhold({ all: true });
    expect(await queue.holdRules.add({ senderDomain: 'bücher.example' })).toEqual({ id, held: 1 });
  });

  it('outlive a restart, and leave what they held when they go', async () => {
    await using fixture = await QueueFixture.create();
    const first = await fixture.start();
    const { id } = await first.holdRules.add({});
    await first[Symbol.asyncDispose]();
    const queue = await fixture.start();
    expect(await queue.holdRules.list()).toEqual([{ id, addedAt: fixture.clock.at }]);
    await queue.submit(await fixture.message(['a@here.example']));
    expect(await queue.holdRules.remove([id, 99])).toEqual({ count: 1 });
    await queue.submit(await fixture.message(['b@here.example']));
    await until(() => fixture.delivered.length === 1);
    expect(await heldOf(queue)).toEqual(['a@here.example']);
  });

  it('refuse a domain that is none', async () => {
    await using fixture = await QueueFixture.create();
    const queue = await fixture.start();
    await expect(queue.holdRules.add({ senderDomain: 'a b' })).rejects.toMatchObject({ code: 'invalid-domain' });
  });
});
