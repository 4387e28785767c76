import { makeMessage } from './make-message.ts';
import { treeMemoryBytes } from './measure-memory.ts';
import type { MailPeer } from './peers/mail-peer.ts';
import { RawImap } from './raw-imap.ts';

export type Results = Map<string, number[]>;

function add(results: Results, name: string, value: number): void {
  results.set(name, [...(results.get(name) ?? []), value]);
}

async function login(peer: MailPeer): Promise<RawImap> {
  if (peer.imap === undefined) throw new Error(`${peer.name} has no IMAP`);
  const client = await RawImap.connect(peer.imap.port);
  await client.command(`LOGIN ${peer.imap.login} ${peer.imap.password}`);
  return client;
}

/** Fills INBOX by APPEND over several connections. */
export async function fillInbox(peer: MailPeer, messages: number, sizeBytes: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 4 }, () => login(peer)));
  let next = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (next < messages) await client.append('INBOX', makeMessage(next++, sizeBytes));
      client.close();
    }),
  );
}

const lines: readonly (readonly [name: string, command: string])[] = [
  ['SELECT', 'SELECT INBOX'],
  ['FETCH metadata', 'FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE)'],
  ['FETCH all bodies', 'FETCH 1:* (UID BODY.PEEK[])'],
  ['SEARCH TEXT', 'SEARCH TEXT needle'],
  ['SEARCH TEXT, no hit', 'SEARCH TEXT xyzzyquux'],
  ['SEARCH SUBJECT', 'SEARCH SUBJECT "number 77"'],
  ['SEARCH UNSEEN', 'SEARCH UNSEEN'],
  ['STORE 1:*', 'STORE 1:* +FLAGS.SILENT (\\Flagged)'],
  ['STORE 1:* with answers', 'STORE 1:* -FLAGS (\\Flagged)'],
];

/** Each line once, in milliseconds. The first round only warms up and is not counted by the caller. */
export async function imapRound(peer: MailPeer, results: Results): Promise<void> {
  const client = await login(peer);
  for (const [name, command] of lines) {
    const startedAt = performance.now();
    await client.command(command);
    add(results, name, performance.now() - startedAt);
  }
  client.close();
}

/** 20 sessions that each do a share of everyday commands, side by side. */
export async function mixedRound(peer: MailPeer, results: Results): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 20 }, () => login(peer)));
  const startedAt = performance.now();
  await Promise.all(
    clients.map(async (client, number) => {
      await client.command('SELECT INBOX');
      for (let step = 0; step < 10; step++) {
        const first = ((number * 211 + step * 397) % 4900) + 1;
        await client.command(`FETCH ${first}:${first + 50} (UID FLAGS ENVELOPE)`);
        await client.command(`FETCH ${first}:${first + 5} (BODY.PEEK[])`);
        await client.command(`STORE ${first} ${step % 2 === 0 ? '+' : '-'}FLAGS (\\Answered)`);
        await client.command('SEARCH UNSEEN SUBJECT "number 12"');
        await client.command('NOOP');
      }
    }),
  );
  add(results, '20 sessions mixed', performance.now() - startedAt);
  for (const client of clients) client.close();
}

/** Memory that each of many idle connections, with INBOX selected, adds. In KiB. */
export async function idleMemory(peer: MailPeer, connections: number, results: Results): Promise<void> {
  if (peer.pid === undefined) throw new Error(`${peer.name} has no process`);
  const before = treeMemoryBytes(peer.pid);
  const clients: RawImap[] = [];
  for (let number = 0; number < connections; number += 20) {
    const opened = await Promise.all(Array.from({ length: Math.min(20, connections - number) }, () => login(peer)));
    for (const client of opened) {
      await client.command('SELECT INBOX');
      clients.push(client);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 2000));
  add(results, `KiB an idle connection (${connections})`, (treeMemoryBytes(peer.pid) - before) / 1024 / connections);
  for (const client of clients) client.close();
}
