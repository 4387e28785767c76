import { resolve } from 'node:path';
import type { BenchOptions } from './bench-options.ts';
import { fillMailbox } from './fill-mailbox.ts';
import { openSession } from './log-in.ts';
import { type MailboxLine, mailboxLines, type OpenMailbox, sharesOf, stateOf } from './mailbox-lines.ts';
import { printTitle } from './results.ts';
import { settle } from './settle.ts';
import { measure, type Side, startSides } from './sides.ts';

type OpenSide = Side & { readonly mailbox: OpenMailbox };

/** Lines over one filled INBOX, by each number of sessions that share its messages among them. */
export async function measureMailbox(options: BenchOptions, messages: number): Promise<void> {
  const lines = mailboxLines.filter(({ name }) => options.wants(name));
  if (lines.length === 0) return;
  const sizeBytes = messages > 50_000 ? 2048 : 8192;
  await using started = await startSides(['bench'], options, options.keep && resolve(options.keep, String(messages)));
  for (const { peer } of started.sides) await fillMailbox(peer, 'bench', messages, sizeBytes);
  // Searches of texts are to find the index, and others not to run beside its making.
  for (const { peer } of started.sides) if (peer.pid !== undefined) await settle(peer.pid);
  for (const count of options.sessions) {
    printTitle(`${messages} messages of ${sizeBytes / 1024} KiB, ${count} session${count === 1 ? '' : 's'}`);
    const sides: OpenSide[] = [];
    for (const side of started.sides) sides.push({ ...side, mailbox: await openMailbox(side, count, messages) });
    for (const line of lines) {
      const able = sides.filter(({ mailbox }) => line.needs === undefined || mailbox.capabilities.has(line.needs));
      await measure({ name: line.name, unit: 'ms' }, able, options.rounds, (side) => runLine(line, side));
    }
    for (const { mailbox } of sides) for (const client of [...mailbox.sessions, mailbox.control]) client.close();
  }
}

async function openMailbox({ peer }: Side, count: number, messages: number): Promise<OpenMailbox> {
  const control = await openSession(peer, 'bench');
  const capability = await control.text('CAPABILITY');
  await control.command('ENABLE QRESYNC');
  await control.command('SELECT INBOX');
  // What was measured before, maybe by another run, has left what it had set.
  await control.command('STORE 1:* -FLAGS.SILENT (\\Answered \\Flagged \\Draft)');
  const known = stateOf(await control.text('SELECT INBOX'));
  const sessions = [];
  for (let at = 0; at < count; at++) {
    const session = await openSession(peer, 'bench');
    await session.command('ENABLE QRESYNC');
    await session.command('SELECT INBOX');
    sessions.push(session);
  }
  return { sessions, control, messages, capabilities: new Set(capability.split(/\s+/)), known, rounds: new Map() };
}

/** @returns milliseconds until the last session has its answer */
async function runLine(line: MailboxLine, { mailbox }: OpenSide): Promise<number> {
  const round = mailbox.rounds.get(line.name) ?? 0;
  mailbox.rounds.set(line.name, round + 1);
  await line.prepare?.(mailbox, round);
  // What the others or the preparation have changed is told before the time is taken.
  for (const session of mailbox.sessions) await session.command('NOOP');
  const status = await mailbox.control.text('STATUS INBOX (UIDNEXT)');
  const uidNext = Number(/UIDNEXT (\d+)/.exec(status)?.[1]);
  const shares = sharesOf(mailbox.messages, mailbox.sessions.length, uidNext - mailbox.messages);
  const startedAt = performance.now();
  await Promise.all(mailbox.sessions.map((session, at) => session.command(line.command(shares[at]!, mailbox, round))));
  const took = performance.now() - startedAt;
  await line.restore?.(mailbox);
  return took;
}
