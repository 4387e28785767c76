import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('GETMETADATA and SETMETADATA', () => {
  it('keep values of mailboxes and of the server', async () => {
    const client = await server.login('values');
    await client.play(String.raw`
      C: a SETMETADATA "" (/shared/comment "of all")
      S: a OK Done
      C: b SETMETADATA INBOX (/private/comment {7}
      S: + OK
      C: a\r\nb\r\nc /Shared/Comment "sh\"ared")
      S: b OK Done
      C: c GETMETADATA "" /shared/comment
      S: * METADATA "" (/shared/comment "of all")
      S: c OK Done
      C: d GETMETADATA INBOX (/shared/comment /private/comment)
      S: * METADATA "INBOX" (/private/comment {7}\r\na\r\nb\r\nc /shared/comment "sh\"ared")
      S: d OK Done
      C: e SETMETADATA INBOX (/private/comment NIL)
      S: e OK Done
      C: f GETMETADATA INBOX /PRIVATE/COMMENT
      S: * METADATA "INBOX" (/private/comment NIL)
      S: f OK Done
      C: g SETMETADATA INBOX (/private/comment "")
      S: g OK Done
      C: h GETMETADATA INBOX /private/comment
      S: * METADATA "INBOX" (/private/comment "")
      S: h OK Done
    `);
  });

  it('keep values that are no text', async () => {
    const client = await server.login('binary');
    await client.ok('SETMETADATA INBOX (/private/vendor/x/y ~{3}\r\na\0b)'.replace('{3}', '{3+}'));
    expect(await client.ok('GETMETADATA INBOX /private/vendor/x/y')).toEqual([
      '* METADATA "INBOX" (/private/vendor/x/y ~{3}\r\na\0b)',
    ]);
  });

  it('tell what is below an entry, and leave out what is too long', async () => {
    const client = await server.login('depth');
    await client.ok('SETMETADATA INBOX (/private/a/b "1" /private/a/c/d "22" /private/a "333" /private/ab "4444")');
    await client.play(`
      C: a GETMETADATA (DEPTH 1) INBOX /private/a
      S: * METADATA "INBOX" (/private/a "333" /private/a/b "1")
      S: a OK Done
      C: b GETMETADATA INBOX (DEPTH infinity) (/private/a)
      S: * METADATA "INBOX" (/private/a "333" /private/a/b "1" /private/a/c/d "22")
      S: b OK Done
      C: c GETMETADATA INBOX (DEPTH 0) (/private/a)
      S: * METADATA "INBOX" (/private/a "333")
      S: c OK Done
      C: d GETMETADATA (DEPTH infinity MAXSIZE 2) INBOX /private
      S: * METADATA "INBOX" (/private/a/b "1" /private/a/c/d "22")
      S: d OK [METADATA LONGENTRIES 4] Done
      C: e GETMETADATA (DEPTH 1) INBOX /shared/none
      S: * METADATA "INBOX" (/shared/none NIL)
      S: e OK Done
      C: f GETMETADATA (MAXSIZE 1) INBOX /private/a
      S: f OK [METADATA LONGENTRIES 3] Done
    `);
  });

  it('refuse what is no entry, no mailbox or not allowed', async () => {
    const client = await server.login('refused');
    await client.play(`
      C: a SETMETADATA INBOX (/comment "x")
      S: a BAD Entries begin with /shared or /private
      C: b SETMETADATA INBOX (/shared//comment "x")
      S: b BAD Invalid entry name
      C: c SETMETADATA INBOX (/shared/comment/ "x")
      S: c BAD Invalid entry name
      C: d GETMETADATA INBOX "/shared/com*"
      S: d BAD Invalid entry name
      C: e SETMETADATA INBOX (/shared/vendor/me "x")
      S: e BAD Entry name is too short
      C: f SETMETADATA Nowhere (/shared/comment "x")
      S: f NO [NONEXISTENT] There is no such mailbox
      C: g GETMETADATA Nowhere /shared/comment
      S: g NO [NONEXISTENT] There is no such mailbox
      C: h SETMETADATA "" (/shared/admin "mailto:me@example.org")
      S: h NO [NOPERM] …
      C: i GETMETADATA (DEPTH 2) INBOX /shared/comment
      S: i BAD DEPTH is 0, 1 or infinity
    `);
  });

  it('set all entries or none', async () => {
    const client = await server.login('all');
    await client.ok('SETMETADATA INBOX (/private/a "1" /private/b "2")');
    const { tagged } = await client.command(
      `SETMETADATA INBOX (/private/a "new" /private/b NIL /private/c {65537}\r\n${'x'.repeat(65_537)})`,
    );
    expect(tagged).toBe('NO [METADATA MAXSIZE 65536] The value is too long');
    for (const literal of [`{200000}\r\n`, `{200000+}\r\n${'x'.repeat(200_000)}`]) {
      expect((await client.command(`SETMETADATA INBOX (/private/a ${literal})`)).tagged).toBe(
        'NO [METADATA MAXSIZE 65536] The value is too long',
      );
    }
    const many = Array.from({ length: 99 }, (_, index) => `/private/many/${index} "x"`);
    expect((await client.command(`SETMETADATA INBOX (/private/a "new" ${many.join(' ')})`)).tagged).toBe(
      'NO [METADATA TOOMANY] There are too many annotations',
    );
    expect(await client.ok('GETMETADATA (DEPTH infinity) INBOX /private')).toEqual([
      '* METADATA "INBOX" (/private/a "1" /private/b "2")',
    ]);
  });

  it('follow a mailbox that is renamed, stay with INBOX too, and end with a mailbox', async () => {
    const client = await server.login('renamed');
    await client.ok('CREATE Old');
    await client.ok('SETMETADATA Old (/private/comment "mine")');
    await client.ok('RENAME Old New');
    await client.ok('SETMETADATA INBOX (/private/comment "of inbox")');
    await client.ok('RENAME INBOX Was');
    await client.play(`
      C: a GETMETADATA New /private/comment
      S: * METADATA "New" (/private/comment "mine")
      S: a OK Done
      C: b GETMETADATA Was /private/comment
      S: * METADATA "Was" (/private/comment "of inbox")
      S: b OK Done
      C: c GETMETADATA INBOX /private/comment
      S: * METADATA "INBOX" (/private/comment "of inbox")
      S: c OK Done
    `);
    await client.ok('DELETE New');
    await client.ok('CREATE New');
    expect(await client.ok('GETMETADATA New /private/comment')).toEqual(['* METADATA "New" (/private/comment NIL)']);
  });

  it('tell other sessions that ask for it which entries have changed', async () => {
    const [one, other, silent] = await Promise.all([server.login('news'), server.login('news'), server.login('news')]);
    await one.ok('CREATE Gone');
    await one.ok('SETMETADATA INBOX (/private/before "x" /private/gone "x")');
    expect(await one.ok('ENABLE METADATA')).toEqual(['* ENABLED METADATA']);
    await other.ok('ENABLE METADATA');
    await other.play(`
      C: a SETMETADATA INBOX (/private/comment "x" /private/gone NIL)
      S: a OK Done
      C: b SETMETADATA "" (/shared/comment "y")
      S: b OK Done
      C: c SETMETADATA Gone (/shared/comment "y")
      S: c OK Done
      C: d DELETE Gone
      S: d OK Done
    `);
    await one
      .ok('SETMETADATA INBOX (/private/mine "x")')
      .then((told) =>
        expect(told).toEqual(['* METADATA "" /shared/comment', '* METADATA "INBOX" /private/comment /private/gone']),
      );
    expect(await one.ok('NOOP')).toEqual([]);
    expect(await other.ok('NOOP')).toEqual(['* METADATA "INBOX" /private/mine']);
    expect(await silent.ok('NOOP')).toEqual([]);
    await one.play(`
      C: a IDLE
      S: + idling
    `);
    await other.ok('SETMETADATA INBOX (/private/idle "x")');
    await one.play(`
      S: * METADATA "INBOX" /private/idle
      C: DONE
      S: a OK Done
    `);
  });
});

describe('LIST with METADATA', () => {
  it('tells the entries of each mailbox', async () => {
    const client = await server.login('list');
    await client.ok('CREATE Red');
    await client.ok('SETMETADATA Red (/private/vendor/x/color "#b71c1c")');
    await client.play(`
      C: a LIST "" (INBOX Red) RETURN (METADATA (/private/vendor/x/color) CHILDREN)
      S: * LIST (\\HasNoChildren) "/" "INBOX"
      S: * METADATA "INBOX" (/private/vendor/x/color NIL)
      S: * LIST (\\HasNoChildren) "/" "Red"
      S: * METADATA "Red" (/private/vendor/x/color "#b71c1c")
      S: a OK Done
    `);
  });
});
