import { freePorts } from '../../harness/free-ports.ts';
import { startDovecot } from '../peers/dovecot.ts';
import type { MailPeer } from '../peers/mail-peer.ts';
import { startRestante } from '../peers/restante.ts';
import type { BenchOptions } from './bench-options.ts';
import { type Measured, printRow } from './results.ts';

export interface Side {
  readonly side: 'ours' | 'theirs';
  readonly peer: MailPeer;
}

/** Both servers, or the one that is asked for, each with accounts of its own. */
export async function startSides(
  accounts: string[],
  options: Pick<BenchOptions, 'only' | 'profile'>,
): Promise<AsyncDisposable & { readonly sides: readonly Side[] }> {
  await using started = new AsyncDisposableStack();
  const sides: Side[] = [];
  if (options.only !== 'dovecot') {
    sides.push({ side: 'ours', peer: started.use(await startRestante(accounts, options.profile)) });
  }
  if (options.only !== 'restante') {
    const [imap = 0, imaps = 0] = await freePorts(2);
    sides.push({ side: 'theirs', peer: started.use(await startDovecot({ imap, imaps }, accounts)) });
  }
  const resources = started.move();
  return { sides, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** What takes longer than this is measured three times only. */
const longMs = 10_000;

/** Measures both in turns, after one turn that only warms up, and prints the line. */
export async function measure<Kind extends Side>(
  line: { name: string; unit: string },
  sides: readonly Kind[],
  rounds: number,
  run: (side: Kind) => Promise<number>,
): Promise<void> {
  const measured: Measured = { ...line, ours: [], theirs: [] };
  const began = performance.now();
  for (const side of sides) await run(side);
  const times = performance.now() - began > longMs ? Math.min(rounds, 3) : rounds;
  for (let round = 0; round < times; round++) {
    for (const side of sides) measured[side.side].push(await run(side));
  }
  printRow(measured);
}
