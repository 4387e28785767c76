import { describe, expect, it } from 'vitest';
import type { MailRoute, RoutedMail } from './mail-route.ts';
import { QueueFixture, until, zoneResolver } from './queue-fixture.ts';
import { ScriptedPeers } from './scripted-peers.ts';

const zone = zoneResolver({
  'there.example': { a: ['192.0.2.1'] },
  'elsewhere.example': { a: ['192.0.2.1'] },
  'relay.example': { a: ['192.0.2.9'] },
});
const relay = { kind: 'relay', name: 'out', relay: { host: 'relay.example', port: 587 } } as const;
const reason = 'Not to there';

describe('routes of the queue', () => {
  it('are chosen for each message, by account, sender, domain and attempts; mail that is local has none', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.1': {}, '192.0.2.9': {} });
    const asked: RoutedMail[] = [];
    const routeFor = (mail: RoutedMail): MailRoute => {
      asked.push(mail);
      return mail.sender.startsWith('relayed') ? relay : { kind: 'direct' };
    };
    const queue = await fixture.start({ resolver: zone, connect: peers.connect, routeFor });
    await queue.submit(await fixture.message(['a@there.example', 'me@here.example']));
    await queue.submit(await fixture.message(['b@there.example'], { sender: 'relayed@here.example', account: 'you' }));
    await until(async () => (await queue.list({})).length === 0);
    expect(new Map(peers.sent.map(({ target, envelope }) => [envelope.recipients[0].address, target.host]))).toEqual(
      new Map([
        ['a@there.example', 'there.example'],
        ['b@there.example', 'relay.example'],
      ]),
    );
    expect(fixture.delivered.flatMap(({ recipients }) => recipients.map(({ address }) => address))).toEqual([
      'me@here.example',
    ]);
    const recipientDomain = 'there.example';
    expect(asked).toEqual([
      { account: 'me', sender: 'me@here.example', recipientDomain, attempts: 0 },
      { account: 'you', sender: 'relayed@here.example', recipientDomain, attempts: 0 },
    ]);
  });

  it('that fail return the message at once, with a notice that says why', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.1': {} });
    const routeFor = ({ recipientDomain }: RoutedMail): MailRoute =>
      recipientDomain === 'there.example'
        ? { kind: 'fail', reply: { code: 550, enhanced: '5.7.1', text: reason } }
        : { kind: 'direct' };
    const queue = await fixture.start({ resolver: zone, connect: peers.connect, routeFor });
    const message = await fixture.message(['a@there.example', 'b@there.example', 'c@elsewhere.example']);
    await queue.submit(message);
    await until(async () => (await queue.list({})).length === 0);
    expect(peers.sent.map(({ envelope }) => envelope.recipients[0].address)).toEqual(['c@elsewhere.example']);
    expect(fixture.delivered).toMatchObject([
      { isDsn: true, sender: '', recipients: [{ address: 'me@here.example' }] },
    ]);
  });

  it('may change with the attempts: recipients of one message then go in transactions of their own', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({
      '192.0.2.1': {
        reply: (address) =>
          address.startsWith('slow')
            ? { code: 451, enhanced: '4.0.0', text: 'Later' }
            : { code: 250, enhanced: '2.0.0', text: 'Ok' },
      },
      '192.0.2.9': {},
    });
    const routeFor = ({ attempts }: RoutedMail): MailRoute => (attempts >= 1 ? relay : { kind: 'direct' });
    const queue = await fixture.start({ resolver: zone, connect: peers.connect, routeFor });
    const { ids } = await queue.submit(
      await fixture.message(['slow@there.example', 'held@there.example'], { holdUntil: fixture.clock.at + 1000 }),
    );
    await queue.hold({ ids: [ids[1]] });
    fixture.clock.at += 1000;
    queue.kick();
    await until(async () => (await queue.list({}))[0].attempts === 1);
    await queue.unhold({ all: true });
    await queue.schedule({ all: true }, { at: fixture.clock.at });
    await until(async () => (await queue.list({})).length === 0);
    expect(
      peers.sent.map(({ target, envelope }) => [target.host, envelope.recipients.map(({ address }) => address)]),
    ).toEqual(
      expect.arrayContaining([
        ['there.example', ['slow@there.example']],
        ['relay.example', ['slow@there.example']],
        ['there.example', ['held@there.example']],
      ]),
    );
    expect(peers.sent).toHaveLength(3);
  });

  it('through a relay whose login is missing wait for the next attempt', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.9': {} });
    const credentials = (): Promise<never> => Promise.reject(new Error('no such file'));
    const routeFor = (): MailRoute => ({ ...relay, relay: { ...relay.relay, credentials } });
    const queue = await fixture.start({ resolver: zone, connect: peers.connect, routeFor });
    await queue.submit(await fixture.message(['a@there.example']));
    await until(async () => (await queue.list({}))[0].attempts === 1);
    expect((await queue.list({}))[0].lastResult).toMatchObject({ code: 451, enhanced: '4.3.5' });
    expect(peers.connections).toEqual([]);
  });
});
