import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDovecot } from '../bench/peers/dovecot.ts';
import type { MailPeer } from '../bench/peers/mail-peer.ts';
import { freePorts } from '../harness/free-ports.ts';
import { ImapTestClient } from '../harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../harness/imap-fixture.ts';

const seeds = [1, 2, 3, 4];
let server: ImapFixture;
let dovecot: MailPeer;

beforeAll(async () => {
  server = await startImapFixture();
  const [imap, imaps] = await freePorts(2);
  dovecot = await startDovecot(
    { imap: imap!, imaps: imaps! },
    seeds.map((seed) => `seed${seed}`),
  );
});

afterAll(async () => {
  await dovecot[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** A generator of numbers that a seed names. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Conversations as mailing lists have them: answers whose References are whole, cut short or missing, lost messages, no two at one time. */
function makeMailbox(seed: number, count: number): string[] {
  const random = numbersFrom(seed);
  const subjects = ['tea', 'Coffee', '[list] milk', 'water and more water'];
  const known: { id: number; references: number[]; subject: string }[] = [];
  const mails: string[] = [];
  for (let id = 1; id <= count; id++) {
    const parent = random(4) === 0 ? undefined : known[random(known.length)];
    const references = parent === undefined ? [] : [...parent.references, parent.id];
    const fresh = `${subjects[random(subjects.length)]} ${random(count)}`;
    const subject = parent === undefined || random(20) === 0 ? fresh : `Re: ${parent.subject.replace(/^Re: /, '')}`;
    known.push({ id, references, subject });
    if (random(6) === 0) continue;
    const lines = [`From: a${id}@example.org`, `Subject: ${subject}`, `Message-ID: <${id}@example.org>`];
    const minute = id + (random(5) === 0 ? random(40) - 20 : 0);
    const seconds = String(id % 60).padStart(2, '0');
    const time = new Date(Date.UTC(2026, 0, 1) + (minute + 60) * 60_000).toISOString();
    lines.push(`Date: ${Number(time.slice(8, 10))} Jan 2026 ${time.slice(11, 16)}:${seconds} +0000`);
    const told = random(5) === 0 ? references.slice(-1 - random(3)) : references;
    const ids = told.map((one) => `<${one}@example.org>`);
    if (ids.length > 0 && random(10) === 0) lines.push(`In-Reply-To: ${ids.at(-1)}`);
    else if (ids.length > 0) lines.push(`References: ${ids.join('\n ')}`);
    mails.push(`${lines.join('\n')}\n\ntext ${id}\n`);
  }
  // As they come, and not as they were sent.
  for (let at = mails.length - 1; at > 0; at--) {
    if (random(3) !== 0) continue;
    const other = random(at + 1);
    [mails[at], mails[other]] = [mails[other]!, mails[at]!];
  }
  return mails;
}

describe('THREAD', () => {
  it.each(seeds)('tells the threads that Dovecot tells, of mailbox %i', async (seed) => {
    const mails = makeMailbox(seed, 250);
    const { port, password } = dovecot.imap!;
    const theirs = await ImapTestClient.login(port, `seed${seed}@example.org`, password);
    const clients = [await server.login(`seed${seed}`), theirs];
    try {
      for (const client of clients) {
        for (const mail of mails) await client.append('INBOX', mail, '"01-Jan-2026 00:00:00 +0000" ');
        await client.ok('SELECT INBOX');
      }
      for (const command of ['THREAD REFERENCES UTF-8 ALL', 'UID THREAD REFERENCES UTF-8 SUBJECT water']) {
        const [ours, theirs] = await Promise.all(clients.map((client) => client.ok(command)));
        expect(ours, command).toEqual(theirs);
      }
    } finally {
      for (const client of clients) client[Symbol.dispose]();
    }
  });
});
