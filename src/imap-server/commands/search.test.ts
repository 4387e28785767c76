import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

const messages = [
  `From: Ann <ann@example.org>\nTo: bob@example.com, Cee <cee@example.net>\nSubject: Hello World\nDate: Mon, 2 Nov 2026 23:30:00 -0500\nX-Tag: one\n\nfirst body`,
  `From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\nCc: ann@example.org\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\nDate: Tue, 3 Nov 2026 10:00:00 +0000\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${Buffer.from('zweiter Körper').toString('base64')}`,
  `From: x@example.org\nBcc: secret@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<b>third</b>\n--b\nContent-Disposition: attachment; filename=hidden.txt\nContent-Type: application/octet-stream\n\nfirst\n--b--`,
  `Subject: 4\n\n${'long '.repeat(500)}`,
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
    ['NEW', ''],
    ['OLD', '1 2 3 4'],
    ['2:3', '2 3'],
    ['3,*', '3 4'],
    ['UID 2:3 3:4', '3'],
    ['UID 77:*', '4'],
    ['9', undefined],
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
      S: * 2 FETCH (UID 2 FLAGS (\Flagged))
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
});
