import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

const messages = [
  `From: Ann <ann@example.org>\nTo: bob@example.com, Cee <cee@example.net>\nSubject: Hello World\nDate: Mon, 2 Nov 2026 23:30:00 -0500\nX-Tag: one\nMessage-ID: <One@example.org>\n\nfirst body`,
  `From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\nCc: ann@example.org\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\nDate: Tue, 3 Nov 2026 10:00:00 +0000\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${Buffer.from('zweiter Körper').toString('base64')}`,
  `From: x@example.org\nBcc: secret@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<b>third</b>\n--b\nContent-Disposition: attachment; filename=hidden.txt\nContent-Type: application/octet-stream\n\nfirst\n--b--`,
  `Subject: 4\nIn-Reply-To: <one@example.org>\n\n${'long '.repeat(500)}`,
];

let server: ImapFixture;
let client: ImapTestClient;
beforeAll(async () => {
  server = await startImapFixture();
  client = await server.login();
  await client.append('INBOX', messages[0], '(\\Seen blue) "01-Nov-2026 12:00:00 +0000" ');
  await client.append('INBOX', messages[1], '(\\Flagged) "02-Nov-2026 23:59:59 +0000" ');
  await client.append('INBOX', messages[2], '(\\Seen \\Deleted) "03-Nov-2026 00:00:00 +0000" ');
  await client.append('INBOX', messages[3]);
  await client.ok('SELECT INBOX');
});
afterAll(() => server[Symbol.asyncDispose]());

const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

describe('SEARCH', () => {
  it.each([
    ['ALL', '1 2 3 4'],
    ['SEEN', '1 3'],
    ['UNSEEN', '2 4'],
    ['SEEN UNDELETED', '1'],
    ['SEEN UNSEEN', ''],
    ['FLAGGED OR', undefined],
    ['OR FLAGGED DELETED', '2 3'],
    ['NOT (OR FLAGGED DELETED)', '1 4'],
    ['KEYWORD BLUE', '1'],
    ['UNKEYWORD blue 1:2', '2'],
    ['NEW', '2 4'],
    ['OLD', ''],
    ['RECENT', '1 2 3 4'],
    ['NOT (OLD) SEEN', '1 3'],
    ['OR OLD FLAGGED', '2'],
    ['2:3', '2 3'],
    ['3,*', '3 4'],
    ['UID 2:3 3:4', '3'],
    ['UID 77:*', '4'],
    ['9', ''],
    ['NOT 3:9', '1 2'],
    ['2,9:4', '2 4'],
    ['BEFORE 2-Nov-2026', '1'],
    ['ON 2-Nov-2026', '2'],
    ['SINCE 3-Nov-2026 BEFORE 4-Nov-2026', '3'],
    ['SENTON 2-Nov-2026', '1'],
    ['SENTSINCE 3-Nov-2026', '2'],
    ['SENTBEFORE 3-Nov-2026', '1'],
    ['LARGER 1000', '4'],
    ['SMALLER 1000 UNDELETED', '1 2'],
    ['SUBJECT hello', '1'],
    ['SUBJECT "o w"', '1'],
    ['SUBJECT ""', '1 2 4'],
    [`SUBJECT ${utf8('"GRÜß"')}`, '2'],
    [`CHARSET UTF-8 FROM ${utf8('"jürgen <J@"')}`, '2'],
    ['FROM ann@EXAMPLE', '1'],
    ['FROM "Ann <ann"', '1'],
    ['FROM "@"', '1 2 3'],
    ['TO cee CC ann', ''],
    ['TO "bob@example.com, cee"', '1'],
    ['CC ann', '2'],
    ['BCC secret', '3'],
    ['HEADER X-Tag ""', '1'],
    ['HEADER x-tag ON', '1'],
    ['HEADER Subject hello', '1'],
    ['HEADER Content-Type html', ''],
    ['HEADER Message-ID one@EXAMPLE', '1'],
    ['HEADER Message-ID "<One@example.org>"', '1'],
    ['HEADER Message-ID ""', '1'],
    ['HEADER In-Reply-To one', '4'],
    ['OR HEADER X-Tag one BODY third', '1 3'],
    ['NOT HEADER X-Tag one NOT BODY third', '2 4'],
    ['BODY first', '1'],
    ['TEXT first', '1'],
    ['TEXT example.net', '1'],
    ['BODY example.net', ''],
    [`BODY ${utf8('"KÖRPER"')}`, '2'],
    ['TEXT hidden.txt', '3'],
    ['BODY hidden.txt', ''],
    ['BODY third', '3'],
    ['BODY long', '4'],
    ['OR BODY third SUBJECT 4', '3 4'],
    ['NOT TEXT first SEEN', '3'],
    ['YOUNGER 3600', '4'],
    ['OLDER 1800 YOUNGER 3600', ''],
    ['CHARSET X-UNKNOWN ALL', undefined],
  ])('%s', async (keys, expected) => {
    const { untagged, tagged } = await client.command(`SEARCH ${keys}`);
    if (expected === undefined) expect(tagged).not.toMatch(/^OK/);
    else expect(untagged).toEqual([`* SEARCH${expected === '' ? '' : ` ${expected}`}`]);
  });

  it('answers in the extended form', async () => {
    await client.play(`
      C: a SEARCH RETURN (MIN MAX COUNT ALL) UNDELETED
      S: * ESEARCH (TAG "a") MIN 1 MAX 4 ALL 1:2,4 COUNT 3
      S: a OK Done
      C: b UID SEARCH RETURN () SEEN
      S: * ESEARCH (TAG "b") UID ALL 1,3
      S: b OK Done
      C: c UID SEARCH RETURN (MIN COUNT) SEEN ANSWERED
      S: * ESEARCH (TAG "c") UID COUNT 0
      S: c OK Done
      C: d SEARCH RETURN (FOO) ALL
      S: d BAD …
    `);
  });

  it('keeps results for later commands', async () => {
    await client.play(String.raw`
      C: a UID SEARCH RETURN (SAVE) SEEN
      S: a OK Done
      C: b FETCH $ UID
      S: * 1 FETCH (UID 1)
      S: * 3 FETCH (UID 3)
      S: b OK Done
      C: c SEARCH NOT $
      S: * SEARCH 2 4
      S: c OK Done
      C: d SEARCH RETURN (SAVE MIN) UNSEEN
      S: * ESEARCH (TAG "d") MIN 2
      S: d OK Done
      C: e UID FETCH $ FLAGS
      S: * 2 FETCH (UID 2 FLAGS (\Flagged \Recent))
      S: e OK Done
      C: f SEARCH RETURN (SAVE) FOO
      S: f BAD …
      C: g FETCH $ UID
      S: * 2 FETCH (UID 2)
      S: g OK Done
      C: h SEARCH RETURN (SAVE) CHARSET X ALL
      S: h NO [BADCHARSET (UTF-8 US-ASCII)] …
      C: i FETCH $ UID
      S: i OK Done
    `);
  });

  it('tells MODSEQ when it is asked for', async () => {
    const other = await server.login();
    await other.ok('SELECT INBOX');
    await other.ok('SELECT INBOX (CONDSTORE)');
    const modseqs = (await other.ok('FETCH 1:4 (MODSEQ)')).map((line) => Number(/\((\d+)\)\)$/.exec(line)?.[1]));
    await other.play(`
      C: a SEARCH MODSEQ ${modseqs[2]}
      S: * SEARCH 3 4 (MODSEQ ${modseqs[3]})
      S: a OK Done
      C: b SEARCH RETURN (MIN) MODSEQ 1
      S: * ESEARCH (TAG "b") MIN 1 MODSEQ ${modseqs[0]}
      S: b OK Done
      C: c SEARCH RETURN (ALL) MODSEQ "/flags/\\\\seen" all ${modseqs[1]}
      S: * ESEARCH (TAG "c") ALL 2:4 MODSEQ ${modseqs[3]}
      S: c OK Done
      C: d SEARCH MODSEQ 999999999999
      S: * SEARCH
      S: d OK Done
    `);
  });

  it('answers in parts', async () => {
    await client.play(`
      C: a UID SEARCH RETURN (PARTIAL 2:3) ALL
      S: * ESEARCH (TAG "a") UID PARTIAL (2:3 2:3)
      S: a OK Done
      C: b SEARCH RETURN (PARTIAL -1:-2 COUNT MIN) ALL
      S: * ESEARCH (TAG "b") MIN 1 PARTIAL (-1:-2 3:4) COUNT 4
      S: b OK Done
      C: c UID SEARCH RETURN (PARTIAL 4:10) ALL
      S: * ESEARCH (TAG "c") UID PARTIAL (4:10 4)
      S: c OK Done
      C: d UID SEARCH RETURN (PARTIAL 5:10) ALL
      S: * ESEARCH (TAG "d") UID PARTIAL (5:10 NIL)
      S: d OK Done
      C: e SEARCH RETURN (PARTIAL 1:2) SEEN ANSWERED
      S: * ESEARCH (TAG "e") PARTIAL (1:2 NIL)
      S: e OK Done
      C: f SEARCH RETURN (PARTIAL 1:2 ALL) SEEN
      S: f BAD …
      C: g SEARCH RETURN (PARTIAL 1:2 PARTIAL 2:3) SEEN
      S: g BAD …
      C: h SEARCH RETURN (PARTIAL 1:-2) SEEN
      S: h BAD …
      C: i SEARCH RETURN (PARTIAL 0:2) SEEN
      S: i BAD …
      C: j SEARCH RETURN (PARTIAL) SEEN
      S: j BAD …
    `);
  });

  it.each([
    ['PARTIAL 2:2', '2'],
    ['PARTIAL 2:2 MIN', '1:2'],
    ['PARTIAL 2:2 MAX', '2,4'],
    ['PARTIAL 2:2 MIN MAX', '1:2,4'],
    ['PARTIAL 2:2 COUNT', '1:4'],
    ['PARTIAL -1:-2', '3:4'],
    ['PARTIAL 9:10', undefined],
  ])('keeps what %s tells', async (options, expected) => {
    await client.ok(`UID SEARCH RETURN (SAVE ${options}) ALL`);
    const [told] = await client.ok('UID SEARCH RETURN () $');
    expect(/ ALL (\S+)/.exec(told ?? '')?.[1]).toBe(expected);
  });

  it('tells the MODSEQ of a part', async () => {
    const other = await server.login('modseq');
    for (const subject of ['a', 'b', 'c']) await other.append('INBOX', `Subject: ${subject}\n\n`);
    await other.ok('SELECT INBOX (CONDSTORE)');
    const [, second] = (await other.ok('FETCH 1:3 (MODSEQ)')).map((line) => /\((\d+)\)\)$/.exec(line)?.[1]);
    await other.play(`
      C: a UID SEARCH RETURN (PARTIAL 1:2) MODSEQ 1
      S: * ESEARCH (TAG "a") UID PARTIAL (1:2 1:2) MODSEQ ${second}
      S: a OK Done
      C: b UID SEARCH RETURN (PARTIAL 4:5) MODSEQ 1
      S: * ESEARCH (TAG "b") UID PARTIAL (4:5 NIL)
      S: b OK Done
    `);
  });
});

it('says when it may have looked for what is gone', async () => {
  const [looking, removing] = [await server.login('gone'), await server.login('gone')];
  for (const subject of ['one', 'two', 'three']) await looking.append('INBOX', `Subject: ${subject}\n\nbody`);
  for (const session of [looking, removing]) await session.ok('SELECT INBOX');
  await removing.ok('STORE 2 +FLAGS.SILENT (\\Deleted)');
  await looking.play(`
    C: a SEARCH ALL
    S: * SEARCH 1 2 3
    S: * 2 FETCH (UID 2 FLAGS (\\Deleted \\Recent))
    S: a OK Done
  `);
  await removing.ok('EXPUNGE');
  await looking.play(`
    C: a SEARCH ALL
    S: * SEARCH 1 3
    S: a OK [EXPUNGEISSUED] Done
    C: b SEARCH SUBJECT two
    S: * SEARCH
    S: b OK [EXPUNGEISSUED] Done
    C: c UID SEARCH ALL
    S: * SEARCH 1 3
    S: * 2 EXPUNGE
    S: c OK Done
    C: d SEARCH ALL
    S: * SEARCH 1 2
    S: d OK Done
  `);
});

describe('I18NLEVEL=1', () => {
  it('compares by i;unicode-casemap in SEARCH, SORT and THREAD', async () => {
    const server = await startImapFixture();
    onTestFinished(() => server[Symbol.asyncDispose]());
    const other = await server.login('casemap');
    const encoded = (text: string): string => `=?utf-8?b?${Buffer.from(text).toString('base64')}?=`;
    for (const subject of [encoded('Zürich'), 'zu_', 'ZUA', encoded('re: zu\u0308RICH'), 'x2']) {
      await other.append('INBOX', `Subject: ${subject}\n\n`);
    }
    await other.ok('SELECT INBOX');
    const search = (key: string, text: string): Promise<readonly string[]> =>
      other.ok(`SEARCH CHARSET UTF-8 ${key} {${Buffer.byteLength(text)}+}\r\n${Buffer.from(text).toString('latin1')}`);
    expect(await search('SUBJECT', 'ZÜRI')).toEqual(['* SEARCH 1 4']);
    expect(await search('TEXT', 'zu\u0308r')).toEqual(['* SEARCH 1 4']);
    expect(await search('SUBJECT', 'zu')).toEqual(['* SEARCH 1 2 3 4']);
    expect(await search('SUBJECT', 'x²')).toEqual(['* SEARCH 5']);
    // Capitals come before "_", and "_" before all that is no ASCII.
    expect(await other.ok('SORT (SUBJECT) UTF-8 ALL')).toEqual(['* SORT 5 3 2 1 4']);
    expect(await other.ok('THREAD REFERENCES UTF-8 ALL')).toEqual(['* THREAD (1 4)(2)(3)(5)']);
    const [line] = await other.ok('CAPABILITY');
    expect(line).toMatch(/ I18NLEVEL=1 /);
  });
});

describe('SEARCH of messages of which the header is not at hand', () => {
  it.each([
    ['a header of 40 KiB', `X-Pad: ${'pad '.repeat(10_000)}\nX-Last: here\n\nbody`],
    ['a body of 200 KiB', `X-Last: here\n\n${'text '.repeat(40_000)}`],
    ['both', `X-Pad: ${'pad '.repeat(10_000)}\nX-Last: here\n\n${'text '.repeat(40_000)}`],
    ['no body', 'Subject: a\nX-Last: here\n'],
  ])('%s', async (_, message) => {
    await using one = await startImapFixture();
    const session = await one.login();
    await session.append('INBOX', message);
    await session.append('INBOX', 'Subject: other\n\nX-Last: here');
    await session.ok('SELECT INBOX');
    expect(await session.ok('SEARCH HEADER X-Last here')).toEqual(['* SEARCH 1']);
  });
});
