import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture({
    limits: { messageBytes: 400_000, imapCatenateParts: 4 },
    quotaOf: (account) => (account === 'full' ? { bytes: 200 } : {}),
  });
});
afterAll(() => server[Symbol.asyncDispose]());

const multipart = [
  'Subject: two',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/plain',
  '',
  'first',
  '--b',
  'Content-Type: text/x-second',
  '',
  'second',
  '--b--',
  '',
].join('\n');

describe('CATENATE', () => {
  it('puts a message together of text and of parts of others', async () => {
    const client = await server.login('parts');
    await client.append('Drafts', multipart);
    await client.play(String.raw`
      C: a APPEND Drafts (\Seen \Draft) CATENATE (URL "/Drafts/;UID=1/;section=HEADER" TEXT {7}
      S: + OK
      C: --b\r\n\r\n URL /Drafts/;UID=1/;section=1 TEXT {3+}
      C: abc URL /Drafts/;UID=1/;section=2.MIME)
      S: a NO [LIMIT] Too many parts in one message
    `);
    await client.play(String.raw`
      C: a APPEND Drafts (\Seen \Draft) CATENATE (URL "/Drafts/;UID=1/;section=HEADER" TEXT {7}
      S: + OK
      C: --b\r\n\r\n URL {30}
      S: + OK
      C: /Drafts/;UID=1/;section=2.MIME URL /Drafts/;UID=1/;SECTION=2/;PARTIAL=1.3)
      S: a OK [APPENDUID … 2] Added
    `);
    await client.ok('SELECT Drafts');
    const [fetched] = await client.ok('FETCH 2 (FLAGS BODY.PEEK[])');
    expect(fetched).toContain('FLAGS (\\Seen \\Draft \\Recent)');
    expect(fetched).toContain(
      'Subject: two\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nContent-Type: text/x-second\r\n\r\neco)',
    );
    // What was read is not seen for that.
    expect(await client.ok('FETCH 1 FLAGS')).toEqual(['* 1 FETCH (FLAGS (\\Recent))']);
  });

  it('takes URLs of the selected mailbox, and several messages', async () => {
    const client = await server.login('selected');
    await client.append('Drafts', 'Subject: a\n\nbody');
    await client.ok('SELECT Drafts');
    await client.play(String.raw`
      C: a APPEND INBOX CATENATE (URL ;UID=1) (\Seen) CATENATE (TEXT {14+}
      C: Subject: b\r\n\r\n URL ;UID=1/;SECTION=TEXT) {14+}
      C: Subject: c\r\n\r\n
      S: a OK [APPENDUID … 1:3] Added
    `);
    await client.ok('SELECT INBOX');
    await client.play(String.raw`
      C: a FETCH 1:3 BODY.PEEK[]
      S: * 1 FETCH (BODY[] {18}\r\nSubject: a\r\n\r\nbody)
      S: * 2 FETCH (BODY[] {18}\r\nSubject: b\r\n\r\nbody)
      S: * 3 FETCH (BODY[] {14}\r\nSubject: c\r\n\r\n)
      S: a OK Done
    `);
  });

  it('names the first URL that points to nothing, adds nothing, and reads past the rest', async () => {
    const client = await server.login('badurl');
    await client.append('INBOX', 'Subject: a\n\nbody');
    await using account = await server.accounts.open('badurl');
    const inbox = await account.read((reader) => reader.mailboxes.named('Inbox'));
    const uidValidity = inbox?.uidValidity ?? 0;
    const urls = [
      '/INBOX/;UID=2',
      '/Nowhere/;UID=1',
      '/INBOX/;UID=1/;SECTION=2',
      `/INBOX;UIDVALIDITY=${uidValidity + 1}/;UID=1`,
      ';UID=1',
      '/INBOX',
      'imap://badurl@mail.example.org/INBOX/;UID=1',
      '/INBOX/;UID=1;URLAUTH=anonymous',
      'http://example.org/',
    ];
    for (const url of urls) {
      const { tagged } = await client.command(`APPEND INBOX CATENATE (URL ${url} TEXT {3+}\r\nabc URL /INBOX/;UID=9)`);
      expect(tagged).toBe(`NO [BADURL ${url}] The URL names no message or part of one`);
    }
    expect((await client.command('APPEND INBOX CATENATE (URL "]\\\\ ")')).tagged).toBe(
      'NO [BADURL %5d%5c%20] The URL names no message or part of one',
    );
    expect(await client.ok(`STATUS INBOX (MESSAGES)`)).toEqual(['* STATUS "INBOX" (MESSAGES 1)']);
    await client.ok(`APPEND INBOX CATENATE (URL /INBOX;UIDVALIDITY=${uidValidity}/;UID=1)`);
  });

  it('refuses what would be too large before it comes', async () => {
    const client = await server.login('large');
    await client.append('INBOX', `Subject: a\n\n${'x'.repeat(300_000)}`);
    await client.play(`
      C: a APPEND INBOX CATENATE (URL /INBOX/;UID=1 TEXT {100000}
      S: a NO [TOOBIG] The message is too large
      C: b APPEND INBOX CATENATE (URL /INBOX/;UID=1 URL /INBOX/;UID=1)
      S: b NO [TOOBIG] The message is too large
      C: c APPEND INBOX CATENATE (URL /INBOX/;UID=1 TEXT {3+}
      C: end)
      S: c OK [APPENDUID … 2] Added
      C: d STATUS INBOX (MESSAGES SIZE)
      S: * STATUS "INBOX" (MESSAGES 2 SIZE 600031)
      S: d OK Done
    `);
    const full = await server.login('full');
    await full.append('INBOX', `Subject: a\n\n${'x'.repeat(100)}`);
    await full.play(String.raw`
      C: a APPEND INBOX CATENATE (TEXT {14+}
      C: Subject: b\r\n\r\n URL /INBOX/;UID=1)
      S: a NO [OVERQUOTA] The account is full
      C: b APPEND INBOX CATENATE (URL /INBOX/;UID=1/;SECTION=HEADER)
      S: b OK [APPENDUID … 2] Added
    `);
  });

  it.each([
    ['APPEND INBOX CATENATE ()', 'BAD TEXT or URL expected'],
    ['APPEND INBOX CATENATE (URL)', 'BAD TEXT or URL expected'],
    ['APPEND INBOX CATENATE (TEXT "quoted")', 'BAD Message literal expected'],
    ['APPEND INBOX CATENATE (TEXT {0+}\r\n)', 'NO An empty message cancels the command'],
    ['APPEND INBOX CATENATE (TEXT {3+}\r\nabc', 'BAD Missing argument'],
    ['APPEND INBOX CATENATE (TEXT {3+}\r\nabcTEXT {3+}\r\nabc)', 'BAD Space expected'],
    ['APPEND INBOX CATENATE (TEXT {3+}\r\nabc) x', 'BAD Message literal expected'],
    ['APPEND INBOX CATENATE (UTF8 (~{3+}\r\nabc))', 'BAD Enable UTF8=ACCEPT first'],
  ])('answers %j', async (command, answer) => {
    const client = await server.login('syntax');
    expect((await client.command(command)).tagged).toBe(answer);
    expect(await client.ok('NOOP')).toEqual([]);
  });

  it('takes text in UTF-8 when that is enabled', async () => {
    const client = await server.login('utf8');
    await client.ok('ENABLE UTF8=ACCEPT');
    await client.ok('APPEND INBOX CATENATE (UTF8 (~{3+}\r\nabc) TEXT {3+}\r\ndef)');
    expect(await client.ok('STATUS INBOX (SIZE)')).toEqual(['* STATUS "INBOX" (SIZE 6)']);
  });

  it('works in REPLACE', async () => {
    const client = await server.login('replace');
    await client.append('Drafts', 'Subject: a\n\nbody');
    await client.ok('SELECT Drafts');
    await client.play(String.raw`
      C: a UID REPLACE 1 Drafts CATENATE (TEXT {7}
      S: + OK
      C: To: x\r\n URL "/Drafts/;UID=1")
      S: * OK [APPENDUID … 2] Replaced
      S: * 1 EXPUNGE
      S: * 1 EXISTS
      S: * 1 RECENT
      S: a OK Replaced
      C: b FETCH 1 BODY.PEEK[]
      S: * 1 FETCH (BODY[] {25}\r\nTo: x\r\nSubject: a\r\n\r\nbody)
      S: b OK Done
      C: c UID REPLACE 2 Drafts CATENATE (URL "/Drafts/;UID=1")
      S: c NO [BADURL /Drafts/;UID=1] …
    `);
  });
});
