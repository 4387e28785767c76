import { setTimeout } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { MailPeer } from '../peers/mail-peer.ts';
import { openSession } from './log-in.ts';

/** Gives a short command every few milliseconds, as long as asked for, and posts how many milliseconds each took. */
const { imap, seconds } = workerData as Pick<MailPeer, 'imap'> & { seconds: number };
const client = await openSession({ imap }, 'other');
await client.command('SELECT INBOX');
const times: number[] = [];
const end = performance.now() + seconds * 1000;
for (let number = 0; performance.now() < end; number++) {
  const command = number % 2 === 0 ? 'NOOP' : `FETCH ${(number % 100) + 1} (UID FLAGS ENVELOPE)`;
  const startedAt = performance.now();
  await client.command(command);
  times.push(performance.now() - startedAt);
  await setTimeout(5);
}
client.close();
parentPort?.postMessage(times);
