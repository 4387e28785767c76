import { makeMessage } from '../make-message.ts';
import { treeMemoryBytes } from '../measure-memory.ts';
import type { RawImap } from '../raw-imap.ts';
import type { BenchOptions } from './bench-options.ts';
import { fillMailbox } from './fill-mailbox.ts';
import { openSession } from './log-in.ts';
import { type Measured, median, printRow, printTitle } from './results.ts';
import { measure, type Side, startSides } from './sides.ts';

/** How long IDLE waits to be told, and what an idle connection costs. */
export async function measureIdle(options: BenchOptions): Promise<void> {
  const { listeners } = options;
  if (options.wants('IDLE latency')) {
    printTitle(`IDLE, ${listeners} listeners`);
    await measureLatency(options);
  }
  for (const tls of [false, true]) {
    const name = `Idle connection, ${tls ? 'TLS' : 'plain'}`;
    if (!options.wants(name)) continue;
    printTitle(`${options.idle} idle connections`);
    const measured: Measured = { name, unit: 'KiB', ours: [], theirs: [] };
    await using started = await startSides(['bench'], options);
    for (const side of started.sides) measured[side.side].push(await idleMemory(side, options.idle, tls));
    printRow(measured);
  }
}

/** @returns KiB that each of many connections in IDLE, with INBOX selected, adds */
async function idleMemory({ peer }: Side, connections: number, tls: boolean): Promise<number> {
  await fillMailbox(peer, 'bench', 100, 1024);
  const open = async (): Promise<RawImap> => {
    const client = await openSession(peer, 'bench', { tls });
    await client.command('SELECT INBOX');
    await client.begin('IDLE');
    return client;
  };
  (await open()).close();
  const before = treeMemoryBytes(peer.pid!);
  const clients: RawImap[] = [];
  while (clients.length < connections) {
    clients.push(...(await Promise.all(Array.from({ length: Math.min(20, connections - clients.length) }, open))));
  }
  // Collections and what else the servers do when there is time.
  await new Promise((resolve) => setTimeout(resolve, 5000));
  const added = treeMemoryBytes(peer.pid!) - before;
  for (const client of clients) client.close();
  return added / 1024 / connections;
}

/** From the first byte of APPEND until the listeners have EXISTS: the middle one, and the last. */
async function measureLatency({ listeners, rounds, only, profile }: BenchOptions): Promise<void> {
  await using started = await startSides(['bench'], { only, profile });
  const sides = [];
  for (const side of started.sides) {
    const clients: RawImap[] = [];
    while (clients.length < listeners) {
      const client = await openSession(side.peer, 'bench');
      await client.command('SELECT INBOX');
      await client.begin('IDLE');
      clients.push(client);
    }
    sides.push({ ...side, clients, sender: await openSession(side.peer, 'bench') });
  }
  let number = 0;
  for (const which of ['middle', 'last']) {
    await measure(
      { name: `IDLE latency, ${which} listener`, unit: 'ms' },
      sides,
      rounds,
      async ({ clients, sender }) => {
        const startedAt = performance.now();
        const told = clients.map(
          (client) =>
            new Promise<number>((resolve) => {
              client.onNews = (piece) => {
                if (piece.includes('EXISTS')) resolve(performance.now() - startedAt);
              };
            }),
        );
        await sender.append('INBOX', makeMessage(number++, 2048));
        const times = await Promise.all(told);
        // Dovecot tells at most once in a while: the next round begins with a rested server.
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return which === 'middle' ? median(times) : Math.max(...times);
      },
    );
  }
  for (const { clients, sender } of sides) for (const client of [...clients, sender]) client.close();
}
