import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

const message = 'Subject: x\n\nBody\n';

describe('CREATE, RENAME and DELETE', () => {
  it('answer with the code that says why not', async () => {
    const client = await server.login('mailboxes');
    await client.play(String.raw`
      C: a CREATE Lists/node/
      S: a OK [MAILBOXID …] Done
      C: b CREATE Lists
      S: b NO [ALREADYEXISTS] …
      C: c CREATE inbox
      S: c NO [ALREADYEXISTS] …
      C: d DELETE Lists
      S: d NO [HASCHILDREN] …
      C: e DELETE INBOX
      S: e NO [CANNOT] …
      C: f DELETE nothing
      S: f NO [NONEXISTENT] …
      C: g RENAME nothing some
      S: g NO [NONEXISTENT] …
      C: h RENAME Lists/node Drafts
      S: h NO [ALREADYEXISTS] …
      C: i RENAME Lists/node Lists/deno
      S: i OK Done
      C: j CREATE a//b
      S: j NO [CANNOT] …
      C: k CREATE "&ZeU"
      S: k NO [CANNOT] …
      C: l SELECT nothing
      S: l NO [NONEXISTENT] …
      C: m STATUS nothing (MESSAGES)
      S: m NO [NONEXISTENT] …
      C: n DELETE Lists/deno
      S: n OK Done
      C: o CREATE
      S: o BAD Missing argument
    `);
  });

  it('create special uses', async () => {
    const client = await server.login('uses');
    await client.play(String.raw`
      C: a CREATE Old (USE (\Archive))
      S: a NO [USEATTR] …
      C: b CREATE Old (USE (\Foo))
      S: b NO [USEATTR] …
      C: c DELETE Archive
      S: c OK Done
      C: d CREATE Old (USE (\archive))
      S: d OK [MAILBOXID …] Done
      C: e LIST (SPECIAL-USE) "" "*"
      S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
      S: * LIST (\HasNoChildren \Junk) "/" "Junk"
      S: * LIST (\HasNoChildren \Archive) "/" "Old"
      S: * LIST (\HasNoChildren \Sent) "/" "Sent"
      S: * LIST (\HasNoChildren \Trash) "/" "Trash"
      S: e OK Done
    `);
  });

  it('write names in modified UTF-7 until the client has enabled UTF-8', async () => {
    const client = await server.login('names');
    await client.play(String.raw`
      C: a CREATE Entw&APw-rfe
      S: a OK [MAILBOXID …] Done
      C: b LIST "" Entw*
      S: * LIST (\HasNoChildren) "/" "Entw&APw-rfe"
      S: b OK Done
      C: c ENABLE UTF8=ACCEPT
      S: * ENABLED UTF8=ACCEPT
      S: c OK Done
    `);
    const name = Buffer.from('Entwürfe').toString('latin1');
    await client.play(String.raw`
      C: d LIST "" Entw*
      S: * LIST (\HasNoChildren) "/" "${name}"
      S: d OK Done
      C: e STATUS "${name}" (MESSAGES)
      S: * STATUS "${name}" (MESSAGES 0)
      S: e OK Done
    `);
  });
});

describe('LIST', () => {
  it('answers the basic form', async () => {
    const client = await server.login('list');
    await client.ok('CREATE a/b/c');
    await client.play(String.raw`
      C: a LIST "" ""
      S: * LIST (\Noselect) "/" ""
      S: a OK Done
      C: b LIST "" %
      S: * LIST (\HasNoChildren) "/" "INBOX"
      S: * LIST (\HasNoChildren \Archive) "/" "Archive"
      S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
      S: * LIST (\HasNoChildren \Junk) "/" "Junk"
      S: * LIST (\HasNoChildren \Sent) "/" "Sent"
      S: * LIST (\HasNoChildren \Trash) "/" "Trash"
      S: * LIST (\HasChildren) "/" "a"
      S: b OK Done
      C: c LIST a/ %
      S: * LIST (\HasChildren) "/" "a/b"
      S: c OK Done
      C: d LIST "" inbox
      S: * LIST (\HasNoChildren) "/" "INBOX"
      S: d OK Done
    `);
  });

  it('answers the extended form', async () => {
    const client = await server.login('extended');
    await client.ok('CREATE a/b');
    for (const name of ['Archive', 'Drafts', 'Junk', 'Sent', 'Trash', 'INBOX']) await client.ok(`UNSUBSCRIBE ${name}`);
    await client.ok('UNSUBSCRIBE a');
    await client.ok('SUBSCRIBE a/b');
    await client.ok('SUBSCRIBE gone');
    await client.append('INBOX', message);
    await client.play(String.raw`
      C: a LIST (SUBSCRIBED) "" "*"
      S: * LIST (\HasNoChildren \Subscribed) "/" "a/b"
      S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" "gone"
      S: a OK Done
      C: b LIST (SUBSCRIBED RECURSIVEMATCH) "" %
      S: * LIST (\HasChildren) "/" "a" ("CHILDINFO" ("SUBSCRIBED"))
      S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" "gone"
      S: b OK Done
      C: c LIST "" (INBOX a*) RETURN (SUBSCRIBED CHILDREN STATUS (MESSAGES UIDNEXT SIZE))
      S: * LIST (\HasNoChildren) "/" "INBOX"
      S: * STATUS "INBOX" (MESSAGES 1 UIDNEXT 2 SIZE 20)
      S: * LIST (\HasChildren) "/" "a"
      S: * STATUS "a" (MESSAGES 0 UIDNEXT 1 SIZE 0)
      S: * LIST (\HasNoChildren \Subscribed) "/" "a/b"
      S: * STATUS "a/b" (MESSAGES 0 UIDNEXT 1 SIZE 0)
      S: c OK Done
      C: c2 LIST (SUBSCRIBED RECURSIVEMATCH) "" *
      S: * LIST (\HasNoChildren \Subscribed) "/" "a/b"
      S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" "gone"
      S: c2 OK Done
      C: c3 LIST (SUBSCRIBED RECURSIVEMATCH) "" (% a/b) RETURN (STATUS (MESSAGES))
      S: * LIST (\HasNoChildren \Subscribed) "/" "a/b"
      S: * STATUS "a/b" (MESSAGES 0)
      S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" "gone"
      S: c3 OK Done
      C: c4 LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES))
      S: * LIST (\HasChildren) "/" "a" ("CHILDINFO" ("SUBSCRIBED"))
      S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" "gone"
      S: c4 OK Done
      C: d LIST (RECURSIVEMATCH) "" "*"
      S: d BAD …
      C: d2 LIST "" "&x*"
      S: d2 OK Done
      C: d3 LSUB "" "&x%"
      S: d3 OK Done
      C: e LIST (FOO) "" "*"
      S: e BAD …
      C: f LSUB "" "*"
      S: * LSUB () "/" "a/b"
      S: * LSUB (\NonExistent) "/" "gone"
      S: f OK Done
      C: g LSUB "" %
      S: * LSUB (\Noselect) "/" "a"
      S: * LSUB (\NonExistent) "/" "gone"
      S: g OK Done
    `);
  });
});

describe('STATUS and quota', () => {
  it('tell what is asked', async () => {
    const client = await server.login('status');
    await client.append('INBOX', message, '(\\Deleted) ');
    await client.append('INBOX', message, '(\\Seen) ');
    await client.play(`
      C: a STATUS inbox (MESSAGES UIDNEXT UNSEEN DELETED SIZE RECENT APPENDLIMIT)
      S: * STATUS "INBOX" (MESSAGES 2 UIDNEXT 3 UNSEEN 1 DELETED 1 SIZE 40 RECENT 2 APPENDLIMIT 104857600)
      S: a OK Done
      C: b STATUS INBOX (UIDVALIDITY HIGHESTMODSEQ)
      S: * STATUS "INBOX" (UIDVALIDITY … HIGHESTMODSEQ …)
      S: b OK Done
      C: c STATUS INBOX ()
      S: c BAD …
      C: d STATUS INBOX (FOO)
      S: d BAD …
      C: e GETQUOTAROOT INBOX
      S: * QUOTAROOT "INBOX"
      S: e OK Done
      C: f GETQUOTA ""
      S: f NO [NONEXISTENT] …
      C: g SETQUOTA "" (STORAGE 512)
      S: g NO [NOPERM] …
      C: h NAMESPACE
      S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
      S: h OK Done
      C: i ID ("name" "test" "version" NIL)
      S: * ID ("name" "Restante" "version" "0.0.0")
      S: i OK Done
    `);
    await using account = await server.accounts.open('status');
    await account.setQuota(50);
    await client.play(String.raw`
      C: a GETQUOTAROOT INBOX
      S: * QUOTAROOT "INBOX" ""
      S: * QUOTA "" (STORAGE 1 0)
      S: a OK Done
      C: b APPEND INBOX {20}
      S: b NO [OVERQUOTA] …
      C: c APPEND INBOX {20+}
      C: Subject: x\r\n\r\nBody..
      S: c NO [OVERQUOTA] …
      C: d SELECT INBOX
      S: * FLAGS …
      S: …
      S: * 2 EXISTS
      S: …
      S: …
      S: …
      S: …
      S: …
      S: …
      S: …
      S: d OK …
      C: e COPY 1 Sent
      S: e NO [OVERQUOTA] …
    `);
  });
});

describe('a deleted mailbox', () => {
  it('is left by who has deleted it, and seems empty to others', async () => {
    const client = await server.login('deleted');
    const other = await server.login('deleted');
    await client.ok('CREATE Temp');
    await client.append('Temp', message);
    await client.ok('SELECT Temp');
    await other.ok('SELECT Temp');
    const { untagged } = await client.command('DELETE Temp');
    expect(untagged).toEqual(['* OK [CLOSED] The selected mailbox was deleted']);
    expect((await client.command('CHECK')).tagged).toBe('BAD Select a mailbox first');
    await other.play(`
      C: x FETCH 1 (BODY[TEXT])
      S: * 1 FETCH (BODY[TEXT] …)
      S: x OK Done
      C: a NOOP
      S: * 1 EXPUNGE
      S: a OK Done
      C: b STORE 1 +FLAGS (\\Seen)
      S: b BAD There is no message with that number
      C: c CHECK
      S: c OK Done
      C: d CLOSE
      S: d OK Done
      C: e CHECK
      S: e BAD Select a mailbox first
    `);
  });
});
