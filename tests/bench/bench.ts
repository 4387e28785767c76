// npm run bench [-- smtp|scale]: the same load on Restante and, when it is installed, on Postfix with virtual maildirs, each in turn on
// this machine; prints medians and ratios. `scale`, only when it is named: what the store's operations cost in accounts of 1,000 to
// 1,000,000 messages, which takes half an hour. It stops by itself. IMAP has a benchmark of its own, bench:imap.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { argv, execPath } from 'node:process';
import { freePorts } from '../harness/free-ports.ts';
import { countFsyncs } from './count-fsyncs.ts';
import type { MailPeer } from './peers/mail-peer.ts';
import { startPostfix } from './peers/postfix.ts';
import { startRestante } from './peers/restante.ts';
import { runProgram } from './run-program.ts';
import { smtpRound } from './smtp-load.ts';

const rounds = 5;
const smtpMessages = 2500;
const accounts = ['a', 'b', 'c', 'd', 'e'];

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** One digit after the point, or two of a small number. */
function digits(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}

function row(name: string, ours: number, theirs: number | undefined, unit: string): void {
  const other = theirs === undefined ? '' : digits(theirs).padStart(12) + (ours / theirs).toFixed(2).padStart(10);
  console.log(`${name.padEnd(38)}${digits(ours).padStart(12)}${other}  ${unit}`);
}

interface SmtpResult {
  readonly one: number[];
  readonly several: number[];
  readonly cpuMs: number[];
  peakBytes: number;
  fsyncs: number | undefined;
}

/** Both servers run side by side and take turns, so that what else the machine does hits both. */
async function benchSmtp(): Promise<void> {
  await using peers = new AsyncDisposableStack();
  const measured: { peer: MailPeer; result: SmtpResult }[] = [];
  const add = (peer: MailPeer): SmtpResult => {
    const result: SmtpResult = { one: [], several: [], cpuMs: [], peakBytes: 0, fsyncs: undefined };
    measured.push({ peer: peers.use(peer), result });
    return result;
  };
  const ours = add(await startRestante(accounts));
  let postfix: SmtpResult | undefined;
  if (existsSync('/usr/sbin/postfix')) {
    const [port = 0] = await freePorts(1);
    postfix = add(await startPostfix(port, accounts));
  }
  for (const { peer } of measured) await smtpRound(peer, 1, 2000);
  for (let round = 0; round < rounds; round++) {
    for (const { peer, result } of measured) {
      for (const [recipients, rates] of [
        [1, result.one],
        [accounts.length, result.several],
      ] as const) {
        const { rate, cpuMs, peakBytes } = await smtpRound(peer, recipients, smtpMessages);
        rates.push(rate);
        result.cpuMs.push(cpuMs);
        result.peakBytes = Math.max(result.peakBytes, peakBytes);
      }
    }
  }
  for (const { peer, result } of measured) {
    const fsyncs = await countFsyncs(peer.pid as number, async () => {
      await smtpRound(peer, 1, 2000);
    });
    if (fsyncs !== undefined) result.fsyncs = fsyncs / 2000;
  }
  console.log('\nSMTP, 4 KiB messages, 10 connections                 Restante     Postfix     ratio');
  row('one account', median(ours.one), postfix && median(postfix.one), 'messages stored/s');
  row(`${accounts.length} accounts`, median(ours.several), postfix && median(postfix.several), 'messages stored/s');
  row('processor time a message', median(ours.cpuMs), postfix && median(postfix.cpuMs), 'ms');
  row('peak memory', ours.peakBytes / 2 ** 20, postfix && postfix.peakBytes / 2 ** 20, 'MiB');
  if (ours.fsyncs !== undefined) row('fsyncs a message', ours.fsyncs, postfix?.fsyncs, '');
}

async function benchScale(): Promise<void> {
  const sizes = '1000,10000,100000,1000000';
  console.log(`\n${await runProgram(execPath, [join(import.meta.dirname, 'store-scale.ts'), '--sizes', sizes])}`);
}

const benches = { smtp: benchSmtp, scale: benchScale };
const wanted = argv.slice(2);
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.includes(name) || (wanted.length === 0 && name !== 'scale')) await bench();
}
