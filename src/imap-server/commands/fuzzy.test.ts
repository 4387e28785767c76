import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
let client: ImapTestClient;
let logins = 0;
beforeAll(async () => {
  server = await startImapFixture({ indexTextsAfterMs: 3_600_000 });
});
afterAll(() => server[Symbol.asyncDispose]());

const mails = [
  'From: Ann <ann@example.org>\nTo: bob@example.com\nSubject: broken IMAP connections\n\nThe server breaks them.',
  'From: Bob <bob@example.com>\nTo: ann@example.org\nSubject: lunch\n\nIMAP, IMAP and again IMAP connection.',
  'From: Cee <cee@example.net>\nCc: imap-list@example.org\nX-Kind: a list\nSubject: nothing\n\nnothing',
  'From: Dan <dan@example.net>\nSubject: Caf\n\nreconnections of imapd',
];

async function login(indexed: boolean, messages: readonly string[]): Promise<string> {
  const name = `fuzzy${++logins}`;
  client = await server.login(name);
  for (const mail of messages) await client.append('INBOX', mail);
  await client.ok('SELECT INBOX');
  if (indexed) await index(name);
  return name;
}

async function index(name: string): Promise<void> {
  await using account = await server.accounts.open(name);
  await account.textIndex!.run();
}

describe('SEARCH=FUZZY', () => {
  it('finds words and words like them, and what has the text as it stands', async () => {
    await login(true, mails);
    expect(await client.ok('SEARCH FUZZY SUBJECT "connect imap"')).toEqual(['* SEARCH 1']);
    expect(await client.ok('SEARCH FUZZY BODY connecting')).toEqual(['* SEARCH 2']);
    expect(await client.ok('SEARCH FUZZY TEXT imap')).toEqual(['* SEARCH 1 2 3 4']);
    expect(await client.ok('SEARCH FUZZY TEXT "mapd"')).toEqual(['* SEARCH 4']);
    expect(await client.ok('SEARCH FUZZY FROM ann')).toEqual(['* SEARCH 1']);
    expect(await client.ok('SEARCH FUZZY TO imap-list FUZZY CC list')).toEqual(['* SEARCH 3']);
    expect(await client.ok('SEARCH FUZZY BODY breaks FROM ann')).toEqual(['* SEARCH 1']);
    // Some of the words, when no message has all.
    expect(await client.ok('SEARCH FUZZY SUBJECT "lunch dinner"')).toEqual(['* SEARCH 2']);
    expect(await client.ok('SEARCH NOT FUZZY TEXT imap')).toEqual(['* SEARCH']);
    expect(await client.ok('SEARCH FUZZY (OR SUBJECT lunches FROM cee) FUZZY UNANSWERED')).toEqual(['* SEARCH 2 3']);
    expect(await client.ok('SEARCH FUZZY HEADER Cc imap-list')).toEqual(['* SEARCH 3']);
    expect(await client.ok('SEARCH FUZZY HEADER X-Kind list')).toEqual(['* SEARCH 3']);
    const [line] = await client.ok('CAPABILITY');
    expect(line).toMatch(/ SEARCH=FUZZY /);
  });

  it('looks into keys that are fuzzy as into others: for header fields and message numbers', async () => {
    await login(true, [...mails, 'X-Colour: deep green\nSubject: colour\n\nbody']);
    expect(await client.ok('SEARCH FUZZY HEADER X-Colour green')).toEqual(['* SEARCH 5']);
    expect(await client.ok('SEARCH FUZZY (HEADER X-Colour green UNSEEN)')).toEqual(['* SEARCH 5']);
    expect(await client.ok('SEARCH NOT FUZZY HEADER X-Colour green')).toEqual(['* SEARCH 1 2 3 4']);
    expect(await client.ok('ESEARCH IN (inboxes) RETURN (ALL) FUZZY 4:99')).toEqual([
      expect.stringMatching(/ UID ALL 4:5$/),
    ]);
    await client.ok('ENABLE UIDONLY');
    expect((await client.command('UID SEARCH FUZZY 1:2')).tagged).toMatch(/^BAD \[UIDREQUIRED\] /);
  });

  it('misses nothing that is not in the index yet', async () => {
    const name = await login(false, mails);
    expect(await client.ok('SEARCH FUZZY TEXT connections')).toEqual(['* SEARCH 1 4']);
    await index(name);
    await client.append('INBOX', 'Subject: connections, the latest\n\n');
    expect(await client.ok('SEARCH FUZZY TEXT connections')).toEqual(['* SEARCH 1 2 4 5']);
  });

  it('tells how well messages fit, and sorts by it', async () => {
    await login(true, mails);
    const [line = ''] = await client.ok('SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT imap');
    const scores = /^\* ESEARCH \(TAG "t\d+"\) ALL 1:4 RELEVANCY \((\d+) (\d+) (\d+) (\d+)\)$/
      .exec(line)!
      .slice(1)
      .map(Number);
    expect(scores.every((score) => score >= 1 && score <= 100)).toBe(true);
    expect(Math.max(...scores)).toBe(100);
    const order = [1, 2, 3, 4].sort((one, other) => scores[other - 1]! - scores[one - 1]! || one - other);
    expect(await client.ok('SORT (RELEVANCY) UTF-8 FUZZY TEXT imap')).toEqual([`* SORT ${order.join(' ')}`]);
    const [sorted = ''] = await client.ok('SORT RETURN (RELEVANCY ALL) (REVERSE RELEVANCY) UTF-8 FUZZY TEXT imap');
    expect(/RELEVANCY \((.*)\)$/.exec(sorted)![1]).toBe(scores.toSorted((one, other) => one - other).join(' '));
    expect(await client.ok('SEARCH RETURN (RELEVANCY) FUZZY UNSEEN')).toEqual([
      expect.stringMatching(/ RELEVANCY \(100 100 100 100\)$/),
    ]);
    expect(await client.ok('SEARCH RETURN (RELEVANCY COUNT) FUZZY TEXT zebra')).toEqual([
      expect.stringMatching(/COUNT 0$/),
    ]);
  });

  it('must be asked for with RELEVANCY', async () => {
    await login(false, mails.slice(0, 1));
    await client.play(`
      C: a SEARCH RETURN (RELEVANCY) TEXT imap
      S: a BAD …
      C: b SORT (RELEVANCY) UTF-8 ALL
      S: b BAD …
      C: c SORT RETURN (RELEVANCY) (SIZE) UTF-8 ALL
      S: c BAD …
      C: d SEARCH FUZZY
      S: d BAD …
      C: e SEARCH FUZZY COLOUR
      S: e BAD …
    `);
  });
});

describe('SEARCH of texts by the index', () => {
  const words = ['alpha', 'Beta', 'gämma', 'GÄMMA', 'ﬁne', 'x²', 'été', 'Straße', '日本語テキスト', 'a', 'bc'];
  const phrase = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 5 }).map((list) => list.join(' '));

  function make(subject: string, tag: string, body: string, form: number): string {
    const encoded = `=?utf-8?b?${Buffer.from(subject).toString('base64')}?=`;
    const head = `Subject: ${encoded}\nX-Tag: =?utf-8?q?${tag.replace(/[^a-z]/gi, (character) =>
      [...Buffer.from(character)].map((byte) => `=${byte.toString(16).padStart(2, '0').toUpperCase()}`).join(''),
    )}?=\n  folded ${form}`;
    const utf8 = Buffer.from(body).toString('latin1');
    const base64 = Buffer.from(body).toString('base64');
    const plain = `${head}\nContent-Type: text/plain; charset=utf-8\n`;
    if (form === 0) return `${plain}\n${utf8}`;
    if (form === 1) return `${plain}Content-Transfer-Encoding: base64\n\n${base64}`;
    if (form === 2) {
      return `${head}\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html; charset=utf-8\nX-Part: inner\n\n<b>${utf8}</b>\n--b\nContent-Type: application/x\n\n${utf8}\n--b--\n`;
    }
    return `${head}\nContent-Type: message/rfc822\n\n${plain}\n${utf8}`;
  }

  it('finds what the search of all messages finds', async () => {
    const mail = fc.tuple(phrase, phrase, phrase, fc.integer({ min: 0, max: 3 }));
    const key = fc.constantFrom('TEXT', 'BODY', 'SUBJECT', 'HEADER X-Tag', 'NOT TEXT', 'OR SUBJECT alpha BODY');
    const cut = fc.tuple(phrase, fc.nat(12), fc.integer({ min: 1, max: 9 })).map(([text, from, length]) => {
      const part = [...text]
        .slice(from, from + length)
        .join('')
        .trim();
      return part === '' ? 'alpha' : part;
    });
    const search = fc.tuple(key, cut);
    await fc.assert(
      fc.asyncProperty(
        fc.array(mail, { minLength: 3, maxLength: 8 }),
        fc.array(search, { minLength: 12, maxLength: 12 }),
        async (texts, searches) => {
          const name = await login(
            false,
            texts.map((parts) => make(...parts)),
          );
          const run = async (): Promise<unknown[]> => {
            const found: unknown[] = [];
            for (const [wanted, text] of searches) {
              const bytes = Buffer.from(text);
              found.push(
                await client.ok(`SEARCH CHARSET UTF-8 ${wanted} {${bytes.length}+}\r\n${bytes.toString('latin1')}`),
              );
            }
            return found;
          };
          const plain = await run();
          await index(name);
          expect(await run()).toEqual(plain);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('finds what is in a large message that the index has not taken whole', async () => {
    const body = `${'long line of text\n'.repeat(70_000)}needle at the end\n`;
    await login(true, [`Subject: large\n\n${body}`, 'Subject: small\n\nneedles']);
    expect(await client.ok('SEARCH BODY "needle at the end"')).toEqual(['* SEARCH 1']);
    expect(await client.ok('SEARCH TEXT needle')).toEqual(['* SEARCH 1 2']);
    expect(await client.ok('SEARCH TEXT "not there"')).toEqual(['* SEARCH']);
  });
});
