import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture({ limits: { messageBytes: 300_000, imapDroppedLiteralBytes: 1_000_000 } });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('APPEND', () => {
  it('keeps flags and date, and tells of the message in the selected mailbox', async () => {
    const client = await server.login('append');
    await client.ok('SELECT INBOX');
    await client.play(String.raw`
      C: a APPEND INBOX (\Seen $Forwarded blue) " 5-Nov-2026 10:00:00 +0200" {8}
      S: + OK
      C: a: b\r\n\r\n
      S: * 1 EXISTS
      S: * 1 RECENT
      S: a OK [APPENDUID … 1] Added
      C: b FETCH 1 (FLAGS INTERNALDATE)
      S: * FLAGS (… blue)
      S: * OK [PERMANENTFLAGS …
      S: * 1 FETCH (FLAGS (\Seen $Forwarded \Recent blue) INTERNALDATE " 5-Nov-2026 08:00:00 +0000")
      S: b OK Done
    `);
  });

  it('takes several messages, all or none', async () => {
    const client = await server.login('multi');
    await client.play(String.raw`
      C: a APPEND INBOX {8+}
      C: a: b\r\n\r\n (\Seen) {8+}
      C: c: d\r\n\r\n "05-Nov-2026 10:00:00 +0000" {8}
      S: + OK
      C: e: f\r\n\r\n
      S: a OK [APPENDUID … 1:3] Added
      C: b APPEND INBOX {8+}
      C: a: b\r\n\r\n {0+}
      C:
      S: b NO …
      C: c APPEND INBOX {8+}
      C: a: b\r\n\r\n (\Foo) {8+}
      C: c: d\r\n\r\n
      S: c BAD Unknown system flag
      C: d STATUS INBOX (MESSAGES)
      S: * STATUS "INBOX" (MESSAGES 3)
      S: d OK Done
    `);
  });

  it('says before the message comes that it will not be taken', async () => {
    const client = await server.login('early');
    await client.play(String.raw`
      C: a APPEND nothing {8}
      S: a NO [TRYCREATE] …
      C: b APPEND INBOX {300001}
      S: b NO [TOOBIG] …
      C: c APPEND INBOX (\Seen {8}
      S: c BAD …
      C: d APPEND INBOX
      S: d BAD …
      C: e APPEND INBOX "no date" {8}
      S: e BAD …
      C: f APPEND INBOX {8} x
      S: f BAD …
      C: g NOOP
      S: g OK Done
    `);
  });

  it('reads past what a client sends that does not wait', async () => {
    const client = await server.login('literal-plus');
    await client.play(String.raw`
      C: a APPEND nothing {8+}
      C: a: b\r\n\r\n
      S: a NO [TRYCREATE] …
      C: b APPEND {7+}
      C: nothing {8+}
      C: a: b\r\n\r\n
      S: b NO [TRYCREATE] …
      C: c NOOP
      S: c OK Done
    `);
    client.send(`d APPEND INBOX {300001+}\r\n${'x'.repeat(300_001)}\r\ne NOOP\r\n`);
    await client.play('S: d NO [TOOBIG] …\nS: e OK Done');
    await client.play('C: f APPEND INBOX {2000000+}\nS: * BYE [TOOBIG] …\nS: <closed>');
  });

  it('takes NUL only in a literal that may hold it', async () => {
    const client = await server.login('binary');
    await client.play(String.raw`
      C: a APPEND INBOX {9+}
      C: a: b\r\n\r\n${'\0'}
      S: a BAD NUL in a literal
      C: b APPEND INBOX ~{9+}
      C: a: b\r\n\r\n${'\0'}
      S: b OK [APPENDUID … 1] Added
    `);
    await client.ok('SELECT INBOX');
    await client.play(String.raw`
      C: c FETCH 1 (BODY.PEEK[TEXT] BINARY.PEEK[1] BODY.PEEK[])
      S: * 1 FETCH (BODY[TEXT] {1}\r\n${'\x80'} BINARY[1] ~{1}\r\n${'\0'} BODY[] {9}\r\na: b\r\n\r\n${'\x80'})
      S: c OK Done
    `);
  });

  it('goes on with the next command after a line that is too long', async () => {
    const client = await server.login('long-line');
    client.send(`a APPEND INBOX {4+}\r\na: b (${'x '.repeat(100_000)}\r\nb NOOP\r\n`);
    await client.play('S: a BAD [TOOBIG] The command is too long\nS: b OK Done');
    await client.ok('SELECT INBOX');
    await client.ok('ENABLE UIDONLY');
    client.send(`c REPLACE 1 INBOX {4+}\r\na: b (${'x '.repeat(100_000)}\r\nd NOOP\r\n`);
    await client.play('S: c BAD [UIDREQUIRED] …\nS: d OK Done');
    client.send(`e NOOP {200000+}\r\n${'x '.repeat(100_000)} y ${'x '.repeat(100_000)}\r\nf NOOP\r\n`);
    await client.play('S: e BAD [TOOBIG] The command is too long\nS: f OK Done');
  });

  it('takes UTF8 when that is enabled', async () => {
    const client = await server.login('utf8');
    await client.play(String.raw`
      C: a APPEND INBOX UTF8 (~{8+}
      C: a: b\r\n\r\n)
      S: a BAD Enable UTF8=ACCEPT first
      C: b ENABLE UTF8=ACCEPT
      S: * ENABLED UTF8=ACCEPT
      S: b OK Done
      C: c APPEND INBOX UTF8 (~{8+}
      C: a: b\r\n\r\n)
      S: c OK [APPENDUID … 1] Added
    `);
  });

  it('gives a large message back as it came', async () => {
    const client = await server.login('large');
    const message = `Subject: large\n\n${'0123456789abcdef'.repeat(4).concat('\n').repeat(4000)}`;
    await client.append('INBOX', message);
    await client.ok('SELECT INBOX');
    const bytes = message.replaceAll('\n', '\r\n');
    expect(await client.ok('FETCH 1 BODY.PEEK[]')).toEqual([`* 1 FETCH (BODY[] {${bytes.length}}\r\n${bytes})`]);
    expect(await client.ok('FETCH 1 BODY.PEEK[]<200000.7>')).toEqual([
      `* 1 FETCH (BODY[]<200000> {7}\r\n${bytes.slice(200_000, 200_007)})`,
    ]);
    expect(await client.ok('FETCH 1 (BODY.PEEK[HEADER.FIELDS (subject)] RFC822.SIZE)')).toEqual([
      `* 1 FETCH (BODY[HEADER.FIELDS (subject)] {18}\r\nSubject: large\r\n\r\n RFC822.SIZE ${bytes.length})`,
    ]);
    expect(await client.ok('SEARCH BODY cdef0123')).toEqual(['* SEARCH 1']);
    expect(await client.ok('SEARCH TEXT xyz')).toEqual(['* SEARCH']);
  });
});
