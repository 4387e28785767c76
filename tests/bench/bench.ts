// npm run bench [-- smtp|imap|idle]: the same load on Restante and, when they are installed, on Postfix with virtual maildirs and on
// Dovecot, each in turn on this machine; prints medians and ratios. It stops by itself.
import { existsSync } from 'node:fs';
import { argv } from 'node:process';
import { freePorts } from '../harness/free-ports.ts';
import { countFsyncs } from './count-fsyncs.ts';
import { fillInbox, idleMemory, imapRound, mixedRound, type Results } from './imap-load.ts';
import { treeMemoryBytes } from './measure-memory.ts';
import { startDovecot } from './peers/dovecot.ts';
import type { MailPeer } from './peers/mail-peer.ts';
import { startPostfix } from './peers/postfix.ts';
import { startRestante } from './peers/restante.ts';
import { smtpRound } from './smtp-load.ts';

const rounds = 5;
const imapMessages = 5000;
const imapMessageBytes = 8192;
const idleConnections = 2000;
const accounts = ['a', 'b', 'c', 'd', 'e'];

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function row(name: string, ours: number, theirs: number | undefined, unit: string): void {
  const other = theirs === undefined ? '' : theirs.toFixed(1).padStart(12) + (ours / theirs).toFixed(2).padStart(10);
  console.log(`${name.padEnd(38)}${ours.toFixed(1).padStart(12)}${other}  ${unit}`);
}

async function benchSmtp(): Promise<void> {
  const measure = async (
    peer: MailPeer,
  ): Promise<{ one: number; several: number; peakBytes: number; fsyncs: number | undefined }> => {
    const one: number[] = [];
    const several: number[] = [];
    let peakBytes = 0;
    await smtpRound(peer, 1, 2000);
    for (let round = 0; round < rounds; round++) {
      for (const [recipients, rates] of [
        [1, one],
        [accounts.length, several],
      ] as const) {
        const result = await smtpRound(peer, recipients, 5000);
        rates.push(result.rate);
        peakBytes = Math.max(peakBytes, result.peakBytes);
      }
    }
    const fsyncs = await countFsyncs(peer.pid as number, async () => {
      await smtpRound(peer, 1, 2000);
    });
    return {
      one: median(one),
      several: median(several),
      peakBytes,
      fsyncs: fsyncs === undefined ? undefined : fsyncs / 2000,
    };
  };
  let postfix: Awaited<ReturnType<typeof measure>> | undefined;
  if (existsSync('/usr/sbin/postfix')) {
    const [port = 0] = await freePorts(1);
    await using peer = await startPostfix(port, accounts);
    postfix = await measure(peer);
  }
  await using peer = await startRestante(accounts);
  const ours = await measure(peer);
  console.log('\nSMTP, 4 KiB messages, 10 connections                 Restante     Postfix     ratio');
  row('one account', ours.one, postfix?.one, 'messages stored/s');
  row(`${accounts.length} accounts`, ours.several, postfix?.several, 'messages stored/s');
  row('peak memory', ours.peakBytes / 2 ** 20, postfix && postfix.peakBytes / 2 ** 20, 'MiB');
  if (ours.fsyncs !== undefined) row('fsyncs a message', ours.fsyncs, postfix?.fsyncs, '');
}

async function benchImap(): Promise<void> {
  const measure = async (peer: MailPeer): Promise<{ results: Results; peakBytes: number }> => {
    await fillInbox(peer, imapMessages, imapMessageBytes);
    await imapRound(peer, new Map());
    const results: Results = new Map();
    let peakBytes = 0;
    for (let round = 0; round < rounds; round++) {
      await imapRound(peer, results);
      await mixedRound(peer, results);
      peakBytes = Math.max(peakBytes, treeMemoryBytes(peer.pid as number));
    }
    return { results, peakBytes };
  };
  const dovecot = await withDovecot(measure);
  await using peer = await startRestante(['bench']);
  const ours = await measure(peer);
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

const benches = { smtp: benchSmtp, imap: benchImap, idle: benchIdle };
const wanted = argv.slice(2);
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length === 0 || wanted.includes(name)) await bench();
}
