import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

interface Mail {
  readonly id?: string;
  readonly refs?: string;
  readonly reply?: string;
  readonly subject?: string;
  /** Minutes, for the sent date. */
  readonly at?: number;
  readonly date?: string;
}

function text({ id, refs, reply, subject, at, date }: Mail): string {
  const lines = ['From: a@example.org'];
  if (id !== undefined) lines.push(`Message-ID: <${id}>`);
  if (refs !== undefined) lines.push(`References: ${refs.replace(/\w+/g, '<$&>')}`);
  if (reply !== undefined) lines.push(`In-Reply-To: <${reply}>`);
  if (subject !== undefined) lines.push(`Subject: ${subject}`);
  if (at !== undefined)
    lines.push(`Date: Tue, 3 Nov 2026 0${Math.floor(at / 60)}:${String(at % 60).padStart(2, '0')}:00 +0000`);
  if (date !== undefined) lines.push(`Date: ${date}`);
  return `${lines.join('\n')}\n\nx`;
}

let logins = 0;

async function threads(mails: readonly Mail[], algorithm: string, search = 'ALL'): Promise<readonly string[]> {
  const client = await server.login(`thread${++logins}`);
  for (const mail of mails) await client.append('INBOX', text(mail), '"02-Nov-2026 00:00:00 +0000" ');
  await client.ok('SELECT INBOX');
  return await client.ok(`THREAD ${algorithm} UTF-8 ${search}`);
}

describe('THREAD=REFERENCES', () => {
  it.each<[string, Mail[], string]>([
    ['one message', [{ id: 'a' }], '(1)'],
    ['a chain', [{ id: 'a' }, { id: 'b', refs: 'a' }, { id: 'c', refs: 'a b' }], '(1 2 3)'],
    [
      'a chain that came in the wrong order',
      [{ id: 'c', refs: 'a b' }, { id: 'b', refs: 'a' }, { id: 'a' }],
      '(3 2 1)',
    ],
    ['siblings', [{ id: 'a' }, { id: 'b', refs: 'a' }, { id: 'c', refs: 'a' }], '(1 (2)(3))'],
    ['In-Reply-To, without References', [{ id: 'a' }, { id: 'b', reply: 'a' }], '(1 2)'],
    ['In-Reply-To does not count with References', [{ id: 'a' }, { id: 'b', reply: 'a', refs: 'c' }], '(1)(2)'],
    // Step 3: what is not there goes; at the top it holds two together, and not one.
    ['a middle that is missing', [{ id: 'a' }, { id: 'c', refs: 'a b' }], '(1 2)'],
    ['a top that is missing, above one', [{ id: 'b', refs: 'a' }], '(1)'],
    [
      'a top that is missing, above two',
      [
        { id: 'b', refs: 'a' },
        { id: 'c', refs: 'a' },
      ],
      '((1)(2))',
    ],
    [
      'two that are missing, above two',
      [
        { id: 'c', refs: 'a b' },
        { id: 'd', refs: 'a b' },
      ],
      '((1)(2))',
    ],
    // Step 1: B
    [
      'a circle',
      [
        { id: 'a', refs: 'b' },
        { id: 'b', refs: 'a' },
      ],
      '(2 1)',
    ],
    ['itself', [{ id: 'a', refs: 'a' }], '(1)'],
    [
      'the message itself knows its parent best',
      [{ id: 'a' }, { id: 'd', refs: 'a c' }, { id: 'b', refs: 'a' }, { id: 'c', refs: 'a b' }],
      '(1 3 4 2)',
    ],
    ['what has no references is nobody’s answer', [{ id: 'c', refs: 'a b' }, { id: 'b' }], '(2 1)'],
    // A Message-ID that is there twice is that of the first.
    ['a Message-ID twice', [{ id: 'a' }, { id: 'a' }, { id: 'b', refs: 'a' }], '(1 3)(2)'],
    ['no Message-ID', [{}, {}], '(1)(2)'],
    // Steps 4 and 6
    [
      'dates order siblings and threads',
      [
        { id: 'x', at: 5 },
        { id: 'a', at: 9 },
        { id: 'b', refs: 'a', at: 3 },
        { id: 'c', refs: 'a', at: 2 },
      ],
      '(1)(2 (4)(3))',
    ],
    [
      'a thread is as old as its first message',
      [
        { id: 'b', refs: 'a', at: 5 },
        { id: 'x', at: 3 },
        { id: 'c', refs: 'a', at: 1 },
      ],
      '((3)(1))(2)',
    ],
    [
      'without a date that can be read, that of arrival',
      [
        { id: 'a', at: 0 },
        { id: 'b', date: 'yesterday' },
      ],
      '(2)(1)',
    ],
    // Step 5
    [
      'an answer by its subject',
      [
        { id: 'a', subject: 'tea' },
        { id: 'b', subject: 'Re: TEA' },
      ],
      '(1 2)',
    ],
    [
      'two of a subject',
      [
        { id: 'a', subject: 'tea' },
        { id: 'b', subject: 'Tea' },
      ],
      '((1)(2))',
    ],
    ['three of a subject', [{ subject: 'tea' }, { subject: 'tea' }, { subject: 're: tea' }], '((1)(2)(3))'],
    [
      'an answer that is older than what it answers',
      [
        { subject: 're: tea', at: 1 },
        { subject: 'tea', at: 2 },
      ],
      '(2 1)',
    ],
    ['two answers', [{ subject: 're: tea' }, { subject: 'fwd: tea' }], '((1)(2))'],
    ['no subject joins nothing', [{ subject: '' }, { subject: 're:' }, {}], '(1)(2)(3)'],
    [
      'two tops that are missing',
      [
        { id: 'b', refs: 'a', subject: 'tea' },
        { id: 'c', refs: 'a', subject: 'x' },
        { id: 'e', refs: 'd', subject: 're: tea' },
        { id: 'f', refs: 'd', subject: 'y' },
      ],
      '((1)(2)(3)(4))',
    ],
    [
      'one and a top that is missing',
      [
        { id: 'z', subject: 'tea' },
        { id: 'b', refs: 'a', subject: 'tea' },
        { id: 'c', refs: 'a', subject: 'x' },
      ],
      '((1)(2)(3))',
    ],
  ])('%s', async (_, mails, expected) => {
    expect(await threads(mails, 'REFERENCES')).toEqual([`* THREAD ${expected}`]);
  });

  it('threads only what the search finds', async () => {
    const mails = [
      { id: 'a', subject: 'x' },
      { id: 'b', refs: 'a', subject: 'y' },
      { id: 'c', refs: 'a b', subject: 'z' },
    ];
    expect(await threads(mails, 'REFERENCES', 'NOT SUBJECT y')).toEqual(['* THREAD (1 3)']);
    expect(await threads(mails, 'REFERENCES', 'SUBJECT nothing')).toEqual(['* THREAD']);
  });
});

describe('THREAD=ORDEREDSUBJECT', () => {
  it.each<[string, Mail[], string]>([
    ['one level of answers', [{ subject: 'tea' }, { subject: 'Re: tea' }, { subject: '[x] TEA (fwd)' }], '(1 (2)(3))'],
    ['one answer', [{ subject: 'tea' }, { subject: 're: tea' }], '(1 2)'],
    [
      'the oldest first, whatever it is',
      [
        { subject: 'tea', at: 2 },
        { subject: 're: tea', at: 1 },
      ],
      '(2 1)',
    ],
    [
      'threads by their first',
      [
        { subject: 'b', at: 3 },
        { subject: 'a', at: 4 },
        { subject: 'b', at: 5 },
      ],
      '(1 3)(2)',
    ],
    [
      'references do not count',
      [
        { id: 'a', subject: 'a' },
        { id: 'b', refs: 'a', subject: 'b' },
      ],
      '(1)(2)',
    ],
  ])('%s', async (_, mails, expected) => {
    expect(await threads(mails, 'ORDEREDSUBJECT')).toEqual([`* THREAD ${expected}`]);
  });
});

describe('THREAD', () => {
  it('names UIDs to who asks for them, and is announced', async () => {
    const client = await server.login('uids');
    for (const subject of ['a', 'b', 're: b']) await client.append('INBOX', `Subject: ${subject}\n\n`);
    await client.ok('SELECT INBOX');
    await client.ok('STORE 1 +FLAGS (\\Deleted)');
    await client.ok('EXPUNGE');
    await client.play(`
      C: a UID THREAD REFERENCES US-ASCII ALL
      S: * THREAD (2 3)
      S: a OK Done
      C: b thread orderedsubject utf-8 1
      S: * THREAD (1)
      S: b OK Done
    `);
    const [line] = await client.ok('CAPABILITY');
    expect(line).toMatch(/ THREAD=ORDEREDSUBJECT THREAD=REFERENCES /);
  });

  it('refuses what it does not know', async () => {
    const client = await server.login('uids');
    await client.play(`
      C: a THREAD REFERENCES UTF-8 ALL
      S: a BAD …
    `);
    await client.ok('SELECT INBOX');
    await client.play(`
      C: a THREAD REFS UTF-8 ALL
      S: a BAD …
      C: b THREAD REFERENCES KOI8-R ALL
      S: b NO [BADCHARSET (UTF-8 US-ASCII)] …
      C: c THREAD REFERENCES UTF-8
      S: c BAD …
      C: d THREAD REFERENCES UTF-8 COLOUR
      S: d BAD …
      C: e THREAD UTF-8 ALL
      S: e BAD …
    `);
  });
});
