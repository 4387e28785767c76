// npm run bench [-- smtp|imap|idle|scale]: the same load on Restante and, when they are installed, on Postfix with virtual maildirs and
// on Dovecot, each in turn on this machine; prints medians and ratios. `scale`, only when it is named: what the store's operations cost
// in accounts of 1,000 to 1,000,000 messages, which takes half an hour. It stops by itself.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { argv, execPath } from 'node:process';
import { freePorts } from '../harness/free-ports.ts';
import { countFsyncs } from './count-fsyncs.ts';
import { fillInbox, idleMemory, imapRound, mixedRound, type Results } from './imap-load.ts';
import { treeMemoryBytes } from './measure-memory.ts';
import { startDovecot } from './peers/dovecot.ts';
import type { MailPeer } from './peers/mail-peer.ts';
import { startPostfix } from './peers/postfix.ts';
import { startRestante } from './peers/restante.ts';
import { runProgram } from './run-program.ts';
import { smtpRound } from './smtp-load.ts';

const rounds = 5;
const smtpMessages = 2500;
const imapMessages = 5000;
const imapMessageBytes = 8192;
const idleConnections = 2000;
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

/** As with SMTP, both servers take turns. */
async function benchImap(): Promise<void> {
  await using peers = new AsyncDisposableStack();
  const add = (peer: MailPeer) => ({ peer: peers.use(peer), results: new Map() as Results, peakBytes: 0 });
  const ours = add(await startRestante(['bench']));
  const measured = [ours];
  if (existsSync('/usr/sbin/dovecot')) {
    const [port = 0] = await freePorts(1);
    measured.push(add(await startDovecot(port)));
  }
  for (const { peer } of measured) {
    await fillInbox(peer, imapMessages, imapMessageBytes);
    // The first round only warms up.
    await imapRound(peer, new Map());
  }
  for (let round = 0; round < rounds; round++) {
    for (const each of measured) {
      await imapRound(each.peer, each.results);
      await mixedRound(each.peer, each.results);
      each.peakBytes = Math.max(each.peakBytes, treeMemoryBytes(each.peer.pid as number));
    }
  }
  const dovecot = measured[1];
  console.log(
    `\nIMAP, ${imapMessages} messages of ${imapMessageBytes / 1024} KiB                        Restante     Dovecot     ratio`,
  );
  for (const [name, values] of ours.results) {
    const theirs = dovecot?.results.get(name);
    row(name, median(values), theirs && median(theirs), 'ms');
  }
  row('memory after a round', ours.peakBytes / 2 ** 20, dovecot && dovecot.peakBytes / 2 ** 20, 'MiB');
}

async function benchIdle(): Promise<void> {
  const measure = async (peer: MailPeer): Promise<Results> => {
    const results: Results = new Map();
    await fillInbox(peer, 100, 1024);
    await idleMemory(peer, idleConnections, results);
    return results;
  };
  const dovecot = await withDovecot(measure);
  await using peer = await startRestante(['bench']);
  const ours = await measure(peer);
  console.log('\nIdle                                                 Restante     Dovecot     ratio');
  for (const [name, values] of ours) {
    const theirs = dovecot?.get(name);
    row(name, median(values), theirs && median(theirs), 'KiB');
  }
}

async function withDovecot<Result>(measure: (peer: MailPeer) => Promise<Result>): Promise<Result | undefined> {
  if (!existsSync('/usr/sbin/dovecot')) return undefined;
  const [port = 0] = await freePorts(1);
  await using peer = await startDovecot(port);
  return await measure(peer);
}

async function benchScale(): Promise<void> {
  const sizes = '1000,10000,100000,1000000';
  console.log(`\n${await runProgram(execPath, [join(import.meta.dirname, 'store-scale.ts'), '--sizes', sizes])}`);
}

const benches = { smtp: benchSmtp, imap: benchImap, idle: benchIdle, scale: benchScale };
const wanted = argv.slice(2);
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.includes(name) || (wanted.length === 0 && name !== 'scale')) await bench();
}
