import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { checkFilesHere } from '../database/check-files-here.ts';
import type { DatabaseEngine } from '../database/engine.ts';
import { QueueFixture, until, zoneResolver } from './queue-fixture.ts';
import { createQueuePart } from './queue-part.ts';
import { ScriptedPeers } from './scripted-peers.ts';

const zone = { 'there.example': { a: ['192.0.2.1'] } };

/** An engine whose writes fail as long as `fails` says so. */
function failingEngine(engine: DatabaseEngine, fails: (operation: string) => boolean): DatabaseEngine {
  return Object.create(engine, {
    filesMayBeErased: { get: () => engine.filesMayBeErased },
    open: {
      value: async (...args: Parameters<DatabaseEngine['open']>) => {
        const database = await engine.open(...args);
        return Object.create(database, {
          read: { value: database.read.bind(database) },
          [Symbol.asyncDispose]: { value: () => database[Symbol.asyncDispose]() },
          write: {
            value: async (name: string, writeArgs: never) => {
              if (fails(name)) throw new Error('disk full');
              return await database.write(name as never, writeArgs);
            },
          },
        });
      },
    },
  });
}

async function findings(fixture: QueueFixture): Promise<unknown[]> {
  const options = { signal: new AbortController().signal, checkFiles: checkFilesHere(fixture.dataDirectory) };
  return await Array.fromAsync(createQueuePart().verify(fixture.dataDirectory, options));
}

describe('a queue with a full disk', () => {
  it('does not send again what it could not write down, but writes it down when there is room', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.1': {} });
    let failures = 0;
    const engine = failingEngine(fixture.engine, (name) => name === 'finishAttempt' && ++failures <= 2);
    const queue = await fixture.start({ engine, resolver: zoneResolver(zone), connect: peers.connect });
    await queue.submit(await fixture.message(['a@there.example']));
    await until(() => failures === 1);
    queue.kick();
    await queue.submit(await fixture.message(['b@there.example']));
    await until(async () => (await queue.list({})).length === 0);
    expect(peers.sent.map(({ envelope }) => envelope.recipients[0]?.address)).toEqual([
      'a@there.example',
      'b@there.example',
    ]);
  });

  it('refuses a message that it cannot write down, and leaves no file of it', async () => {
    await using fixture = await QueueFixture.create();
    const queue = await fixture.start({ engine: failingEngine(fixture.engine, (name) => name === 'submit') });
    await expect(queue.submit(await fixture.message(['a@here.example']))).rejects.toThrow('disk full');
    expect(await readdir(join(fixture.dataDirectory, 'queue/msg/0'))).toEqual([]);
    await queue[Symbol.asyncDispose]();
    expect(await findings(fixture)).toEqual([]);
  });

  it('keeps a recipient whose DSN it cannot write, and writes it later, once', async () => {
    await using fixture = await QueueFixture.create();
    const unknown = { code: 550, enhanced: '5.1.1', text: 'No such user' };
    const peers = new ScriptedPeers({ '192.0.2.1': { reply: () => unknown } });
    let failures = 0;
    const engine = failingEngine(fixture.engine, (name) => name === 'finishAttempt' && ++failures <= 1);
    const queue = await fixture.start({ engine, resolver: zoneResolver(zone), connect: peers.connect });
    await queue.submit(await fixture.message(['a@there.example']));
    await until(() => failures === 1);
    expect(await queue.list({})).toHaveLength(1);
    await until(async () => fixture.delivered.length === 1 && (await queue.list({})).length === 0);
    await queue[Symbol.asyncDispose]();
    expect(fixture.delivered).toHaveLength(1);
    expect((await findings(fixture)).filter((found) => (found as { severity: string }).severity !== 'note')).toEqual(
      [],
    );
  });
});

describe('a queue that meets the unexpected', () => {
  it('tries again a message whose file is gone, and tells the sender in the end', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.1': {} });
    const queue = await fixture.start({
      resolver: zoneResolver(zone),
      connect: peers.connect,
      backoff: { firstDelayMs: 1000, attempts: 2, delayNoticeAttempt: 5 },
    });
    const holdUntil = fixture.clock.at + 1;
    await queue.submit(await fixture.message(['a@there.example'], { holdUntil }));
    await rm(join(fixture.dataDirectory, 'queue/msg/0/1'));
    fixture.clock.at = holdUntil;
    queue.kick();
    await until(async () => (await queue.list({}))[0]?.attempts === 1);
    fixture.clock.at += 2000;
    queue.kick();
    await until(() => fixture.delivered.length === 1);
  });

  it('takes an error of local delivery for temporary', async () => {
    await using fixture = await QueueFixture.create();
    const queue = await fixture.start({ deliverLocally: () => Promise.reject(new Error('no room')) });
    await queue.submit(await fixture.message(['a@here.example']));
    await until(async () => (await queue.list({}))[0]?.attempts === 1);
    expect((await queue.list({}))[0]?.lastResult).toEqual({ code: 451, enhanced: '4.3.0', text: 'Internal error' });
  });

  it('sends what is not local to a relay, and all at all to itself in loopback', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.9': {} });
    const credentials = { login: 'me', password: 'secret' };
    const relay = { host: 'relay.example', port: 587, credentials: async () => credentials };
    const resolver = zoneResolver({ 'relay.example': { a: ['192.0.2.9'] } });
    const queue = await fixture.start({
      resolver,
      connect: peers.connect,
      routeFor: () => ({ kind: 'relay', name: 'out', relay }),
    });
    await queue.submit(await fixture.message(['a@there.example']));
    await until(async () => (await queue.list({})).length === 0);
    expect(peers.connections).toEqual([{ ...relay, credentials, address: '192.0.2.9', tls: 'opportunistic' }]);
    await queue[Symbol.asyncDispose]();
    const loop = await fixture.start({ loopback: true });
    await loop.submit(await fixture.message(['a@there.example', 'b@[192.0.2.5]']));
    await until(async () => (await loop.list({})).length === 0);
    expect(fixture.delivered.flatMap(({ recipients }) => recipients.map(({ address }) => address)).sort()).toEqual([
      'a@there.example',
      'b@[192.0.2.5]',
    ]);
  });

  it('refuses a recipient that mail can never be sent to', async () => {
    await using fixture = await QueueFixture.create();
    const queue = await fixture.start();
    for (const address of ['a', 'a@', '@x.example', 'a@b c', 'a@[999.1.1.1]']) {
      await expect(queue.submit(await fixture.message([address]))).rejects.toMatchObject({
        code: 'invalid-queue-recipient',
      });
    }
  });
});

describe('a long queue', () => {
  it('takes no more memory than a short one', { timeout: 240_000 }, async () => {
    await using fixture = await QueueFixture.create();
    let delivered = 0;
    const queue = await fixture.start({
      loopback: true,
      deliverLocally: async ({ recipients }) => {
        delivered += recipients.length;
        return recipients.map(() => ({ code: 250, enhanced: '2.1.5', text: 'Delivered' }));
      },
    });
    const file = await fixture.file();
    const holdUntil = fixture.clock.at + 1000;
    const submit = async (count: number): Promise<void> => {
      const addresses = (at: number): string[] => Array.from({ length: 10 }, (_, to) => `u${at}@d${to}.example`);
      for (let at = 0; at < count; at += 50) {
        await Promise.all(
          Array.from({ length: 50 }, async () =>
            queue.submit(await fixture.message(addresses(at), { file, holdUntil })),
          ),
        );
      }
    };
    await submit(100);
    const before = heapBytes();
    await submit(900);
    expect((await queue.list({ all: true, limit: 20_000 })).length).toBe(10_000);
    expect(heapBytes() - before).toBeLessThan(16 * 1024 * 1024);
    fixture.clock.at = holdUntil;
    queue.kick();
    await until(() => delivered > 5000, 'half of the deliveries', 100_000);
    expect(heapBytes() - before).toBeLessThan(16 * 1024 * 1024);
    await until(async () => (await queue.list({ limit: 1 })).length === 0, 'all deliveries', 100_000);
    expect(delivered).toBe(10_000);
  });
});

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
