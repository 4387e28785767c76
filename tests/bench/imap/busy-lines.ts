import { Worker } from 'node:worker_threads';
import type { MailPeer } from '../peers/mail-peer.ts';
import type { BenchOptions } from './bench-options.ts';
import { fillMailbox } from './fill-mailbox.ts';
import { openSession } from './log-in.ts';
import { type Measured, printRow, printTitle, quantile } from './results.ts';
import { startSides } from './sides.ts';

/** What one user does in an endless loop. */
const heavy: readonly (readonly [name: string, commands: readonly string[]])[] = [
  ['nothing', []],
  ['FETCH metadata', ['FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE)']],
  ['FETCH all bodies', ['FETCH 1:* (UID BODY.PEEK[])']],
  ['SEARCH TEXT', ['SEARCH TEXT xyzzyquux']],
  ['SORT SUBJECT', ['SORT (SUBJECT) UTF-8 ALL']],
  ['STORE 1:*', ['STORE 1:* +FLAGS (\\Flagged)', 'STORE 1:* -FLAGS (\\Flagged)']],
  ['COPY 1:*', ['CREATE Target', 'COPY 1:* Target', 'DELETE Target']],
];
const secondsEach = 6;

/** How long another user's NOOP and FETCH of one message take meanwhile; Restante's event loop says how long it was held. */
export async function measureBusy(options: BenchOptions): Promise<void> {
  const lines = heavy.filter(([name]) => options.wants(`Busy, ${name}`));
  if (lines.length === 0) return;
  const messages = Math.max(...options.messages);
  printTitle(`Another user's commands, beside one with ${messages} messages`);
  await using started = await startSides(['bench', 'other'], options);
  for (const { peer } of started.sides) {
    await fillMailbox(peer, 'bench', messages, messages > 50_000 ? 2048 : 8192);
    await fillMailbox(peer, 'other', 100, 2048);
  }
  for (const [name, commands] of lines) {
    const times = { ours: [] as number[], theirs: [] as number[] };
    let lag = '';
    for (const { side, peer } of started.sides) {
      await eventLoopLag(peer);
      times[side] = await besideLoad(peer, commands);
      lag = (await eventLoopLag(peer)) ?? lag;
    }
    for (const [which, part] of [
      ['median', 0.5],
      ['99 %', 0.99],
      ['longest', 1],
    ] as const) {
      const row: Measured = { name: `Busy, ${name}: ${which}`, unit: 'ms', ours: [], theirs: [] };
      if (times.ours.length > 0) row.ours.push(quantile(times.ours, part));
      if (times.theirs.length > 0) row.theirs.push(quantile(times.theirs, part));
      printRow(row);
    }
    if (lag !== '') console.log(`  ${lag}`);
  }
}

/** Since it was asked last. */
async function eventLoopLag({ metricsPort }: MailPeer): Promise<string | undefined> {
  if (metricsPort === undefined) return undefined;
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith('restante_event_loop_lag_seconds'))
    .join(', ');
}

/** The prober is a thread of its own: this one is busy with what the heavy commands answer. */
async function besideLoad(peer: MailPeer, commands: readonly string[]): Promise<number[]> {
  const loader = await openSession(peer, 'bench');
  await loader.command('SELECT INBOX');
  let ended = false;
  const loading = (async () => {
    while (!ended && commands.length > 0) for (const command of commands) await loader.command(command);
  })();
  const worker = new Worker(new URL('./probe-worker.ts', import.meta.url), {
    workerData: { imap: peer.imap, seconds: secondsEach },
  });
  const times = await new Promise<number[]>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  ended = true;
  await loading;
  loader.close();
  return times;
}
