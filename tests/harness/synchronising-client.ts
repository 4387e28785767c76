import type { ImapTestClient } from './imap-client.ts';

/** What a mail program keeps of a mailbox between its visits. */
export interface Known {
  uidValidity: number;
  modseq: number;
  /** Subject and flags by UID. */
  messages: Map<number, { subject: string; flags: string }>;
}

/** Flags without what they are for this session alone. */
function lasting(flags: string): string {
  return flags
    .split(' ')
    .filter((flag) => flag !== '\\Recent')
    .join(' ');
}

/** Synchronises as RFC 7162 §3.2.5 has it: fetches only what the server names as new or changed. @returns UIDs fetched anew */
export async function synchronise(client: ImapTestClient, mailbox: string, known: Known): Promise<number[]> {
  const parameter = known.modseq === 0 ? '' : ` (QRESYNC (${known.uidValidity} ${known.modseq}))`;
  const lines = await client.ok(`SELECT ${mailbox}${parameter}`);
  const text = lines.join('\n');
  const uidValidity = Number(/\[UIDVALIDITY (\d+)\]/.exec(text)?.[1]);
  if (uidValidity !== known.uidValidity) known.messages.clear();
  known.uidValidity = uidValidity;
  for (const [, set] of text.matchAll(/^\* VANISHED \(EARLIER\) (\S+)$/gm)) {
    for (const range of set.split(',')) {
      const [first, last = first] = range.split(':').map(Number);
      for (const uid of known.messages.keys()) if (uid >= first && uid <= last) known.messages.delete(uid);
    }
  }
  const flagsOf = new Map<number, string>();
  for (const [, uid, flags] of text.matchAll(/^\* \d+ FETCH \(UID (\d+) FLAGS \(([^)]*)\)/gm))
    flagsOf.set(+uid, lasting(flags));
  if (parameter === '') {
    for (const line of await client.ok('UID FETCH 1:* (FLAGS)')) {
      const [, uid, flags] = /UID (\d+) FLAGS \(([^)]*)\)/.exec(line) ?? [];
      if (uid !== undefined) flagsOf.set(+uid, lasting(flags));
    }
  }
  const fetched: number[] = [];
  for (const [uid, flags] of flagsOf) {
    const before = known.messages.get(uid);
    if (before === undefined) fetched.push(uid);
    known.messages.set(uid, { subject: before?.subject ?? (await subjectOf(client, uid)), flags });
  }
  known.modseq = Number(/\[HIGHESTMODSEQ (\d+)\]/.exec(text)?.[1]);
  return fetched;
}

async function subjectOf(client: ImapTestClient, uid: number): Promise<string> {
  const [line] = await client.ok(`UID FETCH ${uid} (BODY.PEEK[HEADER.FIELDS (SUBJECT)])`);
  return /Subject: (.*)/.exec(line)?.[1].trim() ?? '';
}

/** What is in the mailbox now, asked without knowing anything. */
export async function everything(client: ImapTestClient, mailbox: string): Promise<Known['messages']> {
  const known = { uidValidity: 0, modseq: 0, messages: new Map() };
  await synchronise(client, mailbox, known);
  return known.messages;
}
