import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

const message = `From: "A, B" <a@example.org>
To: c@example.org
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Date: Mon, 23 Nov 2026 10:00:00 +0100
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Gr=C3=BC=C3=9Fe

--outer
Content-Type: message/rfc822

Subject: inner
Content-Type: multipart/alternative; boundary=inner

--inner

one
--inner
Content-Type: text/html

<p>two
--inner--
--outer
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

AAEC
--outer
Content-Type: text/plain
Content-Transfer-Encoding: x-strange

?
--outer--
`;

let server: ImapFixture;
let client: ImapTestClient;
beforeAll(async () => {
  server = await startImapFixture();
  client = await server.login();
  await client.append('INBOX', message, '"23-Nov-2026 10:00:00 +0100" ');
  await client.ok('SELECT INBOX');
});
afterAll(() => server[Symbol.asyncDispose]());

/** What one content item of the message holds. */
async function content(item: string): Promise<string | undefined> {
  const [line] = await client.ok(`FETCH 1 ${item}`);
  if (/ NIL\)$/.test(line)) return undefined;
  const match = /^\* 1 FETCH \([^{]* ~?\{(\d+)\}\r\n([\s\S]*)\)$/.exec(line);
  expect(match?.[2], line).toHaveLength(Number(match?.[1]));
  return match?.[2];
}

describe('FETCH of sections', () => {
  it.each([
    ['BODY.PEEK[1]', 'Gr=C3=BC=C3=9Fe\r\n'],
    [
      'BODY.PEEK[1.MIME]',
      'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n',
    ],
    ['BINARY.PEEK[1]', 'Gr\xc3\xbc\xc3\x9fe\r\n'],
    ['BINARY.PEEK[1]<2.4>', '\xc3\xbc\xc3\x9f'],
    ['BODY.PEEK[2.HEADER.FIELDS (Subject X-None)]', 'Subject: inner\r\n\r\n'],
    ['BODY.PEEK[2.HEADER.FIELDS.NOT (Subject)]', 'Content-Type: multipart/alternative; boundary=inner\r\n\r\n'],
    ['BODY.PEEK[2.1]', 'one'],
    ['BODY.PEEK[2.2]', '<p>two'],
    ['BODY.PEEK[2.2.MIME]', 'Content-Type: text/html\r\n\r\n'],
    ['BODY.PEEK[2.TEXT]<0.9>', '--inner\r\n'],
    ['BODY.PEEK[3]', 'AAEC'],
    ['BINARY.PEEK[3]', '\0\x01\x02'],
    ['BODY.PEEK[4]', '?'],
    ['BODY.PEEK[HEADER.FIELDS (Subject)]', 'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n'],
    ['BODY.PEEK[]<0.5>', 'From:'],
    ['BODY.PEEK[]<100000.5>', ''],
    ['BODY.PEEK[5]', undefined],
    ['BODY.PEEK[1.1]', undefined],
    ['BODY.PEEK[2.3]', undefined],
    ['BODY.PEEK[1.HEADER]', undefined],
    ['BINARY.PEEK[9]', undefined],
  ])('%s', async (item, expected) => {
    expect(await content(item)).toBe(expected);
  });

  it.each([
    ['a header of 40 KiB', `X-Pad: ${'pad '.repeat(10_000)}\n`, 'body'],
    ['a body of 200 KiB', '', 'text '.repeat(40_000)],
    ['both', `X-Pad: ${'pad '.repeat(10_000)}\n`, 'text '.repeat(40_000)],
  ])('gives the header of a message with %s', async (_, pad, body) => {
    await using one = await startImapFixture();
    const session = await one.login();
    await session.append('INBOX', `Subject: here\n${pad}X-Last: 1\n\n${body}`);
    await session.ok('SELECT INBOX');
    const sent = `${pad}X-Last: 1\n\n`.replaceAll('\n', '\r\n');
    const literal = (text: string): string => `{${text.length}}\r\n${text}`;
    expect(await session.ok('FETCH 1 (UID BODY.PEEK[HEADER.FIELDS (X-LAST subject)] RFC822.HEADER FLAGS)')).toEqual([
      `* 1 FETCH (UID 1 BODY[HEADER.FIELDS (X-LAST subject)] ${literal('Subject: here\r\nX-Last: 1\r\n\r\n')} RFC822.HEADER ${literal(`Subject: here\r\n${sent}`)} FLAGS (\\Recent))`,
    ]);
    expect(await session.ok('FETCH 1 (UID BODY.PEEK[HEADER.FIELDS.NOT (Subject)] FLAGS)')).toEqual([
      `* 1 FETCH (UID 1 BODY[HEADER.FIELDS.NOT (Subject)] ${literal(sent)} FLAGS (\\Recent))`,
    ]);
    expect(await session.ok('FETCH 1 (BODY.PEEK[HEADER.FIELDS (X-Last)])')).toEqual([
      `* 1 FETCH (BODY[HEADER.FIELDS (X-Last)] ${literal('X-Last: 1\r\n\r\n')})`,
    ]);
  });

  it('gives the whole message in parts', async () => {
    const whole = message.replaceAll('\n', '\r\n');
    const bodyStart = whole.indexOf('\r\n\r\n') + 4;
    expect(await content('BODY.PEEK[]')).toBe(whole);
    expect(await content('BODY.PEEK[HEADER]')).toBe(whole.slice(0, bodyStart));
    expect(await content('BODY.PEEK[TEXT]')).toBe(whole.slice(bodyStart));
    expect(await content('RFC822.HEADER')).toBe(whole.slice(0, bodyStart));
    expect(await content('BINARY.PEEK[]')).toBe(whole);
  });

  it('tells decoded sizes, and refuses encodings that nobody knows', async () => {
    await client.play(`
      C: a FETCH 1 (BINARY.SIZE[1] BINARY.SIZE[3] RFC822.SIZE)
      S: * 1 FETCH (BINARY.SIZE[1] 9 BINARY.SIZE[3] 3 RFC822.SIZE …)
      S: a OK Done
      C: b FETCH 1 BINARY.PEEK[4]
      S: b NO [UNKNOWN-CTE] …
      C: c UID FETCH 1 (BINARY.SIZE[4])
      S: c NO [UNKNOWN-CTE] …
    `);
  });
});

describe('FETCH', () => {
  it('answers once what is asked for twice', async () => {
    const client = await server.login('twice');
    await client.append('INBOX', 'Subject: x\n\nbody');
    await client.ok('SELECT INBOX');
    await client.play(String.raw`
      C: a FETCH 1 (UID FLAGS UID BODY.PEEK[TEXT] BODY.PEEK[TEXT]<0.1> BODY.PEEK[TEXT])
      S: * 1 FETCH (UID 1 FLAGS (\Recent) BODY[TEXT] {4}\r\nbody BODY[TEXT]<0> {1}\r\nb)
      S: a OK Done
      C: b FETCH 1 (BODY[TEXT] BODY.PEEK[TEXT])
      S: * 1 FETCH (FLAGS (\Seen \Recent) BODY[TEXT] {4}\r\nbody)
      S: b OK Done
      C: c FETCH 1 (BODY.PEEK[TEXT]<0.1> BODY.PEEK[TEXT]<0.2>)
      S: * 1 FETCH (BODY[TEXT]<0> {1}\r\nb BODY[TEXT]<0> {2}\r\nbo)
      S: c OK Done
    `);
  });

  it('reads what was rendered when the message was stored', async () => {
    const [line] = await client.ok('FETCH 1 ALL');
    expect(line).toBe(
      `* 1 FETCH (FLAGS (\\Recent) INTERNALDATE "23-Nov-2026 09:00:00 +0000" RFC822.SIZE ${message.replaceAll('\n', '\r\n').length} ENVELOPE ("Mon, 23 Nov 2026 10:00:00 +0100" "=?utf-8?q?Gr=C3=BC=C3=9Fe?=" (("A, B" NIL "a" "example.org")) (("A, B" NIL "a" "example.org")) (("A, B" NIL "a" "example.org")) ((NIL NIL "c" "example.org")) NIL NIL NIL NIL))`,
    );
    expect((await client.ok('FETCH 1 (BODY)'))[0]).toMatch(/^\* 1 FETCH \(BODY \(\("text" "plain" .* "mixed"\)\)$/);
    expect((await client.ok('FETCH 1 BODYSTRUCTURE'))[0]).toMatch(/"mixed" \("boundary" "outer"\) NIL NIL NIL\)\)$/);
  });

  it('sets \\Seen and tells it, unless it peeks', async () => {
    await client.append('INBOX', message);
    await client.play(String.raw`
      C: b FETCH 2 (UID BODY[HEADER.FIELDS (To)])
      S: * 2 FETCH (FLAGS (\Seen \Recent) UID 2 BODY[HEADER.FIELDS (To)] {21}\r\nTo: c@example.org\r\n\r\n)
      S: b OK Done
      C: c FETCH 2 (BODY[1.MIME]<0.1>)
      S: * 2 FETCH (BODY[1.MIME]<0> {1}\r\nC)
      S: c OK Done
    `);
  });

  it('takes numbers as the client knows them', async () => {
    await client.play(`
      C: a FETCH 3 UID
      S: a BAD There is no message with that number
      C: b FETCH 2,1:2 UID
      S: * 1 FETCH (UID 1)
      S: * 2 FETCH (UID 2)
      S: b OK Done
      C: c UID FETCH 7:* FLAGS
      S: * 2 FETCH (UID 2 FLAGS (…))
      S: c OK Done
      C: d UID FETCH 7 FLAGS
      S: d OK Done
      C: e FETCH * RFC822.SIZE
      S: * 2 FETCH (RFC822.SIZE …)
      S: e OK Done
    `);
    await client.ok('SELECT Drafts');
    expect(await client.ok('FETCH 1:* FLAGS')).toEqual([]);
    expect(await client.ok('UID FETCH 1:* FLAGS')).toEqual([]);
    await client.ok('SELECT INBOX');
  });

  it('streams many messages', async () => {
    const many = await server.login('many');
    for (let number = 0; number < 30; number++)
      await many.append('INBOX', `Subject: ${number}\n\n${'x'.repeat(9000)}\n`);
    await many.ok('SELECT INBOX');
    const lines = await many.ok('FETCH 1:* (BODY.PEEK[] UID)');
    expect(lines).toHaveLength(30);
    lines.forEach((line, number) => {
      expect(line).toBe(
        `* ${number + 1} FETCH (BODY[] {${9015 + String(number).length}}\r\nSubject: ${number}\r\n\r\n${'x'.repeat(9000)}\r\n UID ${number + 1})`,
      );
    });
  });

  it('tells when a message was put into the mailbox, whatever date it has', async () => {
    const other = await server.login('saved');
    const today = new Date().toUTCString().slice(5, 16).replaceAll(' ', '-');
    await other.append('INBOX', 'Subject: old\n\nx', '"11-Jan-2001 00:00:00 +0000" ');
    await other.ok('SELECT INBOX');
    const [line] = await other.ok('FETCH 1 (INTERNALDATE SAVEDATE)');
    expect(line).toMatch(
      /^\* 1 FETCH \(INTERNALDATE "11-Jan-2001 00:00:00 \+0000" SAVEDATE "[ \d]\d-\w{3}-\d{4} \d\d:\d\d:\d\d \+0000"\)$/,
    );
    const saved = /SAVEDATE " ?(\S+) (\S+) /.exec(line);
    expect(Math.abs(Date.parse(`${saved?.[1]} ${saved?.[2]} UTC`) - Date.now())).toBeLessThan(60_000);
    expect(await other.ok(`SEARCH SAVEDSINCE ${today} BEFORE 12-Jan-2001`)).toEqual(['* SEARCH 1']);
    expect(await other.ok('SEARCH OR SAVEDBEFORE 12-Jan-2001 SAVEDON 11-Jan-2001')).toEqual(['* SEARCH']);
    expect(await other.ok('SEARCH SAVEDATESUPPORTED')).toEqual(['* SEARCH 1']);
  });

  it('has another SAVEDATE for a copy, and the same INTERNALDATE', async () => {
    const other = await server.login('copied');
    await other.append('INBOX', 'Subject: old\n\nx', '"11-Jan-2001 00:00:00 +0000" ');
    await other.ok('SELECT INBOX');
    const [before] = await other.ok('FETCH 1 SAVEDATE');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await other.ok('COPY 1 Sent');
    expect(await other.ok('FETCH 1 SAVEDATE')).toEqual([before]);
    await other.ok('SELECT Sent');
    const [after] = await other.ok('FETCH 1 SAVEDATE');
    expect(after).not.toBe(before);
    expect(await other.ok('FETCH 1 INTERNALDATE')).toEqual(['* 1 FETCH (INTERNALDATE "11-Jan-2001 00:00:00 +0000")']);
  });

  it('tells the first words, and does not take the message for read', async () => {
    const other = await server.login('preview');
    await other.append('INBOX', 'Subject: 1\n\n> quoted\nHello "you",\n  there.\n');
    await other.append('INBOX', message);
    await other.append('INBOX', 'Content-Type: application/octet-stream\n\nbytes');
    await other.append('INBOX', `Subject: large\n\n${'ab '.repeat(100_000)}`);
    await other.ok('SELECT INBOX');
    await other.play(String.raw`
      C: a FETCH 1 (UID PREVIEW FLAGS)
      S: * 1 FETCH (UID 1 PREVIEW "Hello \"you\", there." FLAGS (\Recent))
      S: a OK Done
      C: b FETCH 3 PREVIEW
      S: * 3 FETCH (PREVIEW "")
      S: b OK Done
      C: c UID FETCH 1 (PREVIEW (LAZY) UID)
      S: * 1 FETCH (PREVIEW "Hello \"you\", there." UID 1)
      S: c OK Done
      C: d FETCH 1 (PREVIEW (FAST))
      S: d BAD …
    `);
    const umlauts = Buffer.from('Grüße').toString('latin1');
    expect(await other.ok('FETCH 2 PREVIEW (LAZY)')).toEqual([`* 2 FETCH (PREVIEW {7}\r\n${umlauts})`]);
    const [large] = await other.ok('FETCH 4 PREVIEW');
    expect(large).toMatch(/^\* 4 FETCH \(PREVIEW "(?:ab ){60,66}a?b?"\)$/);
    expect(await other.ok('SEARCH SEEN')).toEqual(['* SEARCH']);
  });

  it('tells some of the messages named', async () => {
    const other = await server.login('partial');
    for (let number = 1; number <= 6; number++) await other.append('INBOX', `Subject: ${number}\n\n`);
    await other.ok('SELECT INBOX (CONDSTORE)');
    await other.ok('UID STORE 2 +FLAGS (\\Deleted)');
    await other.ok('EXPUNGE');
    await other.play(String.raw`
      C: a UID FETCH 2:5 UID (PARTIAL -1:-2)
      S: * 3 FETCH (UID 4)
      S: * 4 FETCH (UID 5)
      S: a OK Done
      C: b UID FETCH 1:* UID (PARTIAL 1:2)
      S: * 1 FETCH (UID 1)
      S: * 2 FETCH (UID 3)
      S: b OK Done
      C: c UID FETCH 1:* UID (PARTIAL 6:9)
      S: c OK Done
      C: d UID STORE 3 +FLAGS (\Seen)
      S: * 2 FETCH (UID 3 FLAGS (\Seen \Recent) MODSEQ (…))
      S: d OK Done
      C: e UID FETCH 1:* FLAGS (PARTIAL 1:2 CHANGEDSINCE 7)
      S: * 2 FETCH (UID 3 FLAGS (\Seen \Recent) MODSEQ (…))
      S: e OK Done
      C: f UID FETCH 1:* FLAGS (CHANGEDSINCE 7 PARTIAL 3:4)
      S: f OK Done
      C: g FETCH 1:2 FLAGS (PARTIAL 1:2)
      S: g BAD …
      C: h UID FETCH 1:2 FLAGS (PARTIAL 1:*)
      S: h BAD …
    `);
  });
});
