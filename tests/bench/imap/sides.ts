import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
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

/**
 * Both servers, or the one that is asked for, each with accounts of its own.
 * @param directory where their data stay; gone at the end unless given
 */
export async function startSides(
  accounts: string[],
  options: Pick<BenchOptions, 'only' | 'profile'>,
  directory?: string,
): Promise<AsyncDisposable & { readonly sides: readonly Side[] }> {
  await using started = new AsyncDisposableStack();
  const sides: Side[] = [];
  const kept = async (name: string): Promise<string | undefined> => {
    if (directory === undefined) return undefined;
    const path = join(directory, name);
    await mkdir(path, { recursive: true });
    return path;
  };
  if (options.only !== 'dovecot') {
    sides.push({
      side: 'ours',
      peer: started.use(await startRestante(accounts, options.profile, await kept('restante'))),
    });
  }
  if (options.only !== 'restante') {
    const [imap = 0, imaps = 0] = await freePorts(2);
    sides.push({
      side: 'theirs',
      peer: started.use(await startDovecot({ imap, imaps }, accounts, await kept('dovecot'))),
    });
  }
  const resources = started.move();
  return { sides, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** What takes longer than this is measured three times only. */
const longMs = 10_000;
/** So long, or so often, each server does what is to be measured before it counts: both have caches, and one compiles as it goes. */
const warmUpMs = 500;
const warmUpTurns = 20;

/** Measures both in turns, after some that only warm up, and prints the line. */
export async function measure<Kind extends Side>(
  line: { name: string; unit: string },
  sides: readonly Kind[],
  rounds: number,
  run: (side: Kind) => Promise<number>,
): Promise<void> {
  const measured: Measured = { ...line, ours: [], theirs: [] };
  let times = rounds;
  for (const side of sides) {
    const began = performance.now();
    for (let turn = 0; turn < warmUpTurns && performance.now() - began < warmUpMs; turn++) {
      if ((await run(side)) > longMs) times = Math.min(rounds, 3);
    }
  }
  for (let round = 0; round < times; round++) {
    for (const side of sides) measured[side.side].push(await run(side));
  }
  printRow(measured);
}
