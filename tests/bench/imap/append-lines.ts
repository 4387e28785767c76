import type { BenchOptions } from './bench-options.ts';
import { threadedMessage } from './fill-mailbox.ts';
import { openSession } from './log-in.ts';
import { printTitle } from './results.ts';
import { measure, type Side, startSides } from './sides.ts';

const sizeBytes = 4096;

/** APPEND, message by message, durable before OK on both sides: by one session, and by several at the same time. */
export async function measureAppend(options: BenchOptions): Promise<void> {
  const lines = [
    { name: 'APPEND, 1 session', sessions: 1, messages: 100 },
    ...options.sessions
      .filter((sessions) => sessions > 1)
      .map((sessions) => ({ name: `APPEND, ${sessions} sessions`, sessions, messages: Math.max(500, sessions * 5) })),
  ].filter(({ name }) => options.wants(name));
  if (lines.length === 0) return;
  printTitle(`APPEND, messages of ${sizeBytes / 1024} KiB`);
  await using started = await startSides(['bench'], options);
  for (const { name, sessions, messages } of lines) {
    const run = async ({ peer }: Side): Promise<number> => {
      const control = await openSession(peer, 'bench');
      await control.command('CREATE Appended');
      const clients = await Promise.all(Array.from({ length: sessions }, () => openSession(peer, 'bench')));
      const startedAt = performance.now();
      let next = 0;
      await Promise.all(
        clients.map(async (client) => {
          while (next < messages) await client.append('Appended', threadedMessage(next++, sizeBytes));
        }),
      );
      const took = performance.now() - startedAt;
      for (const client of clients) client.close();
      await control.command('DELETE Appended');
      control.close();
      return took / messages;
    };
    await measure({ name, unit: 'ms a message' }, started.sides, options.rounds, run);
  }
}
