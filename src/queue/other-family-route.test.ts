import { describe, expect, it } from 'vitest';
import { QueueFixture, until, zoneResolver } from './queue-fixture.ts';
import { ScriptedPeers } from './scripted-peers.ts';

const both = { 'there.example': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] } };
const policy = { code: 550, enhanced: '5.7.1', text: 'No reverse name', host: 'there.example' };
const unknown = { code: 550, enhanced: '5.1.1', text: 'No such user', host: 'there.example' };

async function outcome(peers: ScriptedPeers, zone: object = both) {
  await using fixture = await QueueFixture.create();
  const queue = await fixture.start({ resolver: zoneResolver({ ...zone }), connect: peers.connect });
  await queue.submit(await fixture.message(['a@there.example', 'b@there.example']));
  await until(async () => (await queue.list({ account: 'me' })).every(({ attempts }) => attempts > 0));
  await until(() => peers.open === 0);
  const ends = await queue.retired.list({ account: 'me' }, 10);
  return { ends: ends.map(({ end }) => end), asked: peers.connections.map(({ address }) => address) };
}

/** Refuses before it has seen the message. */
function refusing(reply: typeof policy) {
  return (_address: string) => reply;
}

describe('a host that refuses by its policy', () => {
  it('over IPv6 is asked over IPv4 in the same attempt', async () => {
    const peers = new ScriptedPeers({ '2001:db8::1': { early: true, reply: refusing(policy) }, '192.0.2.1': {} });
    expect(await outcome(peers)).toEqual({
      ends: ['delivered', 'delivered'],
      asked: ['2001:db8::1', '192.0.2.1'],
    });
  });

  it('over both has refused', async () => {
    const script = { early: true, reply: refusing(policy) };
    const peers = new ScriptedPeers({ '2001:db8::1': script, '192.0.2.1': script });
    expect(await outcome(peers)).toEqual({ ends: ['failed', 'failed'], asked: ['2001:db8::1', '192.0.2.1'] });
  });

  it('and has or answers at no other address has refused', async () => {
    const script = { early: true, reply: refusing(policy) };
    const none = new ScriptedPeers({ '2001:db8::1': script });
    expect((await outcome(none)).ends).toEqual(['failed', 'failed']);
    const only = new ScriptedPeers({ '192.0.2.1': script });
    expect(await outcome(only, { 'there.example': { a: ['192.0.2.1'] } })).toEqual({
      ends: ['failed', 'failed'],
      asked: ['192.0.2.1'],
    });
  });

  it('is not asked again about a message that it has seen, nor for another reason', async () => {
    const seen = new ScriptedPeers({ '2001:db8::1': { reply: refusing(policy) }, '192.0.2.1': {} });
    expect(await outcome(seen)).toEqual({ ends: ['failed', 'failed'], asked: ['2001:db8::1'] });
    const other = new ScriptedPeers({ '2001:db8::1': { early: true, reply: refusing(unknown) }, '192.0.2.1': {} });
    expect(await outcome(other)).toEqual({ ends: ['failed', 'failed'], asked: ['2001:db8::1'] });
  });
});
