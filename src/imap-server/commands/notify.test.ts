import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

let accounts = 0;

/** One who is told, and one who does things; the inbox has two messages, and both have selected it. */
async function start(): Promise<{ client: ImapTestClient; other: ImapTestClient; login: string }> {
  const login = `account${++accounts}`;
  const client = await server.login(login);
  const other = await server.login(login);
  for (const subject of ['a', 'b']) await client.append('INBOX', `Subject: ${subject}\n\nbody`);
  await client.ok('CREATE Lists');
  await client.ok('CREATE Lists/a');
  await client.ok('SELECT INBOX');
  await other.ok('SELECT INBOX');
  return { client, other, login };
}

/** Nothing was told before this: the answer to a command comes next. */
async function expectSilence(client: ImapTestClient): Promise<void> {
  await client.play('C: silence CAPABILITY\nS: * CAPABILITY …\nS: silence OK Done');
}

const all = '(MessageNew MessageExpunge FlagChange)';

describe('NOTIFY and the selected mailbox', () => {
  it('tells at once what happens', async () => {
    const { client, other } = await start();
    await client.ok(`NOTIFY SET (SELECTED ${all})`);
    await other.append('INBOX', 'Subject: c\n\n');
    await client.expect('* 3 EXISTS');
    await client.expect('* 2 RECENT');
    await other.ok('STORE 1 +FLAGS (\\Flagged $Label)');
    await client.expect('* FLAGS (… $Label)');
    await client.expect('* OK [PERMANENTFLAGS (… $Label \\*)] Flags');
    await client.expect('* 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent $Label))');
    await other.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    await client.expect('* 1 FETCH (UID 1 FLAGS (\\Flagged \\Deleted \\Recent $Label))');
    await other.ok('EXPUNGE');
    await client.expect('* 1 EXPUNGE');
    await client.ok('ENABLE QRESYNC');
    await other.ok('STORE 1 +FLAGS (\\Deleted)');
    await client.expect('* 1 FETCH (UID 2 FLAGS (\\Deleted \\Recent) MODSEQ (…))');
    await other.ok('EXPUNGE');
    await client.expect('* VANISHED 2');
  });

  it('keeps apart what two sessions know that have moved different messages and want to be told of no others', async () => {
    const login = `account${++accounts}`;
    const sessions = [await server.login(login), await server.login(login)];
    for (const subject of ['1', '2', '3', '4']) await sessions[0]!.append('INBOX', `Subject: ${subject}\n\nbody`);
    for (const [at, session] of sessions.entries()) {
      await session.ok('SELECT INBOX');
      await session.ok('NOTIFY SET (PERSONAL (MailboxName))');
      if (at === 1) {
        await sessions[0]!.ok('UID MOVE 2 Archive');
        await session.ok('UID MOVE 3 Archive');
      }
    }
    const numbers = async (session: ImapTestClient): Promise<readonly string[]> => await session.ok('FETCH 1:* UID');
    expect(await numbers(sessions[0]!)).toEqual(['* 1 FETCH (UID 1)', '* 2 FETCH (UID 3)', '* 3 FETCH (UID 4)']);
    expect(await numbers(sessions[1]!)).toEqual(['* 1 FETCH (UID 1)', '* 2 FETCH (UID 2)', '* 3 FETCH (UID 4)']);
  });

  it('delays EXPUNGE when that is asked for', async () => {
    const { client, other } = await start();
    await client.ok(`NOTIFY SET (selected-delayed ${all})`);
    await other.ok('STORE 1 +FLAGS (\\Deleted)');
    await client.expect('* 1 FETCH (UID 1 FLAGS (\\Deleted \\Recent))');
    await other.ok('EXPUNGE');
    await other.append('INBOX', 'Subject: c\n\n');
    await client.play(`
      S: * 3 EXISTS
      S: * 2 RECENT
      C: a FETCH 2 UID
      S: * 2 FETCH (UID 2)
      S: a OK Done
      C: b NOOP
      S: * 1 EXPUNGE
      S: b OK Done
      C: c IDLE
      S: + idling
    `);
    await other.ok('STORE 1 +FLAGS (\\Deleted)');
    await client.expect('* 1 FETCH (UID 2 FLAGS (\\Deleted \\Recent))');
    await other.ok('EXPUNGE');
    await client.play('S: * 1 EXPUNGE\nC: DONE\nS: c OK Done');
  });

  it('tells of new messages what is asked for', async () => {
    const { client, other } = await start();
    await client.ok(
      'NOTIFY SET (SELECTED (MessageNew (UID FLAGS BODY[HEADER.FIELDS (Subject)] PREVIEW) MessageExpunge))',
    );
    await other.append('INBOX', 'Subject: c\n\nhello', '(\\Flagged) ');
    await client.play(String.raw`
      S: * 3 EXISTS
      S: * 2 RECENT
      S: * 3 FETCH (UID 3 FLAGS (\Flagged) BODY[HEADER.FIELDS (Subject)] {14}\r\nSubject: c\r\n\r\n PREVIEW "hello")
    `);
    // Flags are not asked for, and that was no reading.
    await other.ok('STORE 1 +FLAGS (\\Seen)');
    await expectSilence(client);
    expect(await client.ok('UID SEARCH UNSEEN')).toEqual(['* SEARCH 2 3']);
    await client.append('INBOX', 'Subject: own\n\n');
    await client.ok('UID COPY 1 INBOX');
    await other.append('INBOX', 'Subject: d\n\n');
    await client.play(String.raw`
      S: * 6 EXISTS
      S: * 4 RECENT
      S: * 6 FETCH (UID 6 FLAGS () BODY[HEADER.FIELDS (Subject)] {14}\r\nSubject: d\r\n\r\n PREVIEW "")
    `);
    await client.ok('ENABLE UIDONLY');
    await other.append('INBOX', 'Subject: e\n\n');
    await client.play('S: * 7 EXISTS\nS: * 4 RECENT\nS: * 7 UIDFETCH (UID 7 FLAGS () BODY[…] {14}…)');
  });

  it('tells results of searches after EXISTS and before what is asked for of all new messages', async () => {
    const { client, other } = await start();
    await client.ok('NOTIFY SET (SELECTED (MessageNew (UID ENVELOPE) MessageExpunge FlagChange))');
    await client.play(`
      C: u UID SEARCH RETURN (UPDATE (UID RFC822.SIZE)) UNSEEN
      S: * ESEARCH (TAG "u") UID
      S: u OK Done
    `);
    await other.append('INBOX', 'Subject: c\n\n');
    await client.play(`
      S: * 3 EXISTS
      S: * 2 RECENT
      S: * ESEARCH (TAG "u") UID ADDTO (0 3)
      S: * 3 FETCH (UID 3 ENVELOPE (…) RFC822.SIZE 14)
    `);
    await other.ok('STORE 3 +FLAGS (\\Seen)');
    await client.play('S: * 3 FETCH (UID 3 FLAGS (\\Seen))\nS: * ESEARCH (TAG "u") UID REMOVEFROM (0 3)');
    await client.ok('CANCELUPDATE "u"');
    await client.ok(`NOTIFY SET (SELECTED ${all})`);
    await client.ok('SEARCH RETURN (UPDATE(UID)) UNSEEN');
    await other.append('INBOX', 'Subject: d\n\n', '(\\Seen) ');
    await client.expect('* 4 EXISTS');
    await client.expect('* 2 RECENT');
    await other.append('INBOX', 'Subject: e\n\n');
    await client.play(`
      S: * 5 EXISTS
      S: * 2 RECENT
      S: * 5 FETCH (UID 5)
      S: * ESEARCH (TAG "…") ADDTO (0 5)
    `);
    await other.ok('STORE 4 -FLAGS (\\Seen)');
    await client.play('S: * 4 FETCH (UID 4 FLAGS ())\nS: * ESEARCH (TAG "…") ADDTO (0 4)');
    await other.ok('STORE 5 +FLAGS (\\Deleted)');
    await client.expect('* 5 FETCH (UID 5 FLAGS (\\Deleted))');
    await other.ok('EXPUNGE');
    await client.play('S: * ESEARCH (TAG "…") REMOVEFROM (0 5)\nS: * 5 EXPUNGE');
  });

  it('tells nothing of it when it is not asked for', async () => {
    const { client, other } = await start();
    for (const command of ['NOTIFY NONE', 'NOTIFY SET (SELECTED NONE)', `NOTIFY SET (MAILBOXES Lists ${all})`]) {
      await client.ok(`NOTIFY SET (SELECTED ${all})`);
      await client.ok(command);
      await other.append('INBOX', 'Subject: c\n\n');
      await other.ok('NOOP');
      await other.ok('STORE 1:3 +FLAGS (\\Answered)');
      await other.ok('STORE 3 +FLAGS (\\Deleted)');
      await other.ok('EXPUNGE');
      await client.play('C: a NOOP\nS: a OK Done\nC: b IDLE\nS: + idling\nC: DONE\nS: b OK Done');
      await other.ok('STORE 1:2 -FLAGS (\\Answered)');
    }
    // What the client does itself, it is told.
    await other.append('INBOX', 'Subject: d\n\n');
    await client.play(String.raw`
      C: c STORE 1 +FLAGS (\Deleted)
      S: * 1 FETCH (FLAGS (\Deleted \Recent))
      S: c OK Done
      C: d EXPUNGE
      S: * 1 EXPUNGE
      S: d OK Done
      C: e MOVE 1 Lists
      S: * OK [COPYUID …] Moved
      S: * 1 EXPUNGE
      S: e OK Moved
      C: f FETCH 1 UID
      S: f BAD …
    `);
    await client.play(
      'C: g NOTIFY SET (SELECTED (MessageNew MessageExpunge))\nS: * 1 EXISTS\nS: * 0 RECENT\nS: g OK Done',
    );
  });

  it('lets sessions that are told nothing of others keep the numbers of each', async () => {
    const { client, other } = await start();
    await client.append('INBOX', 'Subject: c\n\nbody');
    await client.ok('STORE 1,3 +FLAGS.SILENT (\\Deleted)');
    for (const each of [client, other]) {
      await each.ok('SELECT INBOX');
      await each.ok('NOTIFY NONE');
    }
    await client.ok('UID EXPUNGE 1');
    await other.ok('UID EXPUNGE 3');
    expect(await other.ok('FETCH 1:* UID')).toEqual(['* 1 FETCH (UID 1)', '* 2 FETCH (UID 2)']);
    expect(await client.ok('FETCH 1:* UID')).toEqual(['* 1 FETCH (UID 2)', '* 2 FETCH (UID 3)']);
  });

  it('tells what has gathered before something else is asked for', async () => {
    const { client, other } = await start();
    await other.ok('STORE 1 +FLAGS (\\Deleted)');
    await other.ok('EXPUNGE');
    await client.play(`
      C: a NOTIFY SET (SELECTED NONE)
      S: * 1 EXPUNGE
      S: a OK Done
    `);
    await other.ok('STORE 1 +FLAGS (\\Flagged)');
    await client.play(String.raw`
      C: b NOTIFY SET (SELECTED (MessageNew MessageExpunge))
      S: * 1 FETCH (UID 2 FLAGS (\Flagged \Recent))
      S: b OK Done
    `);
    await other.ok('STORE 1 -FLAGS (\\Flagged)');
    await other.append('INBOX', 'Subject: c\n\n');
    await client.expect('* 2 EXISTS');
    await client.play(`
      C: c NOTIFY SET (SELECTED (MessageNew MessageExpunge FlagChange))
      S: * 1 RECENT
      S: * 1 FETCH (UID 2 FLAGS (\\Recent))
      S: c OK Done
    `);
  });

  it('takes HIGHESTMODSEQ for that of what the client was told', async () => {
    const { client, other } = await start();
    await client.ok('ENABLE QRESYNC');
    const before = /HIGHESTMODSEQ (\d+)/.exec((await client.ok('SELECT INBOX')).join(' '))![1];
    await client.ok('NOTIFY SET (SELECTED (MessageNew MessageExpunge))');
    await other.ok('STORE 1 +FLAGS (\\Flagged)');
    await expectSilence(client);
    expect((await client.command('EXPUNGE')).tagged).toBe(`OK [HIGHESTMODSEQ ${before}] Expunged`);
  });

  it('says how far the client knows all when it shows MODSEQs beyond that', async () => {
    const { client, other } = await start();
    await client.ok('ENABLE QRESYNC');
    const before = /HIGHESTMODSEQ (\d+)/.exec((await client.ok('SELECT INBOX')).join(' '))![1];
    await client.ok('NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge))');
    await other.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    await other.ok('EXPUNGE');
    expect(await client.silent()).toBe(true);
    await client.play(String.raw`
      C: a STORE 2 +FLAGS (\Seen)
      S: * 2 FETCH (UID 2 FLAGS (\Seen) MODSEQ (…))
      S: * OK [HIGHESTMODSEQ ${before}] Removals are kept back
      S: a OK Done
      C: b NOOP
      S: * VANISHED 1
      S: b OK Done
    `);
    await other.ok('STORE 1 +FLAGS (\\Flagged)');
    await other.append('INBOX', 'Subject: c\n\n');
    await client.play('S: * 2 EXISTS\nS: * 0 RECENT');
    await client.play(String.raw`
      C: c STORE 2 +FLAGS (\Seen)
      S: * 2 FETCH (UID 3 FLAGS (\Seen) MODSEQ (…))
      S: * OK [HIGHESTMODSEQ …] Changes are kept back
      S: c OK Done
      C: d NOOP
      S: d OK Done
      C: e NOTIFY SET (SELECTED (MessageNew MessageExpunge FlagChange))
      S: * 1 FETCH (UID 2 FLAGS (\Seen \Flagged) MODSEQ (…))
      S: * 2 FETCH (UID 3 FLAGS (\Seen) MODSEQ (…))
      S: * OK [HIGHESTMODSEQ …] All is told
      S: e OK Done
    `);
  });

  it('goes with the mailbox that is selected', async () => {
    const { client, other } = await start();
    await client.ok(`NOTIFY SET (SELECTED ${all})`);
    await client.ok('UNSELECT');
    await other.append('INBOX', 'Subject: c\n\n');
    await expectSilence(client);
    await client.ok('EXAMINE Lists');
    await other.append('Lists', 'Subject: c\n\n');
    await client.play('S: * 1 EXISTS\nS: * 1 RECENT');
  });
});

describe('NOTIFY and other mailboxes', () => {
  it('tells STATUS', async () => {
    const { client, other } = await start();
    const uidValidity = /UIDVALIDITY (\d+)/.exec((await client.ok('STATUS Lists (UIDVALIDITY)'))[0]!)![1];
    await client.play(`
      C: a NOTIFY SET STATUS (SELECTED NONE) (SUBTREE Lists ${all}) (MAILBOXES (Sent Nowhere INBOX) (MessageNew MessageExpunge))
      S: * STATUS "Lists" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY ${uidValidity} UNSEEN 0 HIGHESTMODSEQ …)
      S: * STATUS "Lists/a" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY … UNSEEN 0 HIGHESTMODSEQ …)
      S: * STATUS "Sent" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY …)
      S: a OK Done
    `);
    await other.append('Lists', 'Subject: c\n\n');
    await client.expect(`* STATUS "Lists" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY ${uidValidity} UNSEEN 1)`);
    await other.append('Sent', 'Subject: c\n\n');
    await client.expect('* STATUS "Sent" (MESSAGES 1 UIDNEXT 2)');
    await other.append('Drafts', 'Subject: c\n\n');
    await other.ok('SELECT Sent');
    await other.ok('STORE 1 +FLAGS (\\Seen)');
    await other.ok('SELECT Lists');
    await other.ok('STORE 1 +FLAGS (\\Seen)');
    await client.expect(`* STATUS "Lists" (UIDVALIDITY ${uidValidity} UNSEEN 0)`);
    await client.ok('ENABLE CONDSTORE');
    await other.ok('STORE 1 +FLAGS (\\Deleted)');
    await client.expect(`* STATUS "Lists" (UIDVALIDITY ${uidValidity} UNSEEN 0 HIGHESTMODSEQ …)`);
    await other.ok('EXPUNGE');
    await client.expect(`* STATUS "Lists" (MESSAGES 0 UIDNEXT 2 UIDVALIDITY ${uidValidity} UNSEEN 0 HIGHESTMODSEQ …)`);
    await other.ok('SELECT INBOX');
    await other.ok('STORE 1 +FLAGS (\\Flagged)');
    await expectSilence(client);
    // It is another mailbox as soon as it isn't selected any more.
    await client.ok('UNSELECT');
    await other.append('INBOX', 'Subject: c\n\n');
    await client.expect('* STATUS "INBOX" (MESSAGES 3 UIDNEXT 4 HIGHESTMODSEQ …)');
  });

  it('tells in IDLE, too, and what happened during a command after it', async () => {
    const { client, other } = await start();
    await client.ok('NOTIFY SET (PERSONAL (MessageNew MessageExpunge))');
    await client.play('C: a IDLE\nS: + idling');
    await other.append('Sent', 'Subject: c\n\n');
    await client.play('S: * STATUS "Sent" (MESSAGES 1 UIDNEXT 2)\nC: DONE\nS: a OK Done');
    client.send('b APPEND Drafts {4}\r\n');
    await client.expect('+ OK');
    await other.append('Sent', 'Subject: c\n\n');
    client.send('ab\r\n\r\n');
    await client.play('S: b OK [APPENDUID …] Added\nS: * STATUS "Sent" (MESSAGES 2 UIDNEXT 3)');
  });

  it('does not tell what the client does itself', async () => {
    const { client, other } = await start();
    await client.ok('NOTIFY SET (PERSONAL (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))');
    await client.append('Lists', 'Subject: c\n\n');
    await client.ok('COPY 1 Lists');
    await client.ok('MOVE 1 Lists');
    await client.ok('CREATE New/b');
    await client.ok('RENAME New Newer');
    await client.ok('SUBSCRIBE Newer');
    await client.ok('UNSUBSCRIBE Newer');
    await client.ok('DELETE Newer/b');
    await expectSilence(client);
    await client.append('Lists', 'Subject: c\n\n');
    await other.append('Lists', 'Subject: c\n\n');
    await client.expect('* STATUS "Lists" (MESSAGES 5 UIDNEXT 6 UIDVALIDITY … UNSEEN 5)');
    await other.ok('DELETE Newer');
    await client.expect('* LIST (\\NonExistent \\HasNoChildren) "/" "Newer"');
  });

  it('tells names that come, change and go', async () => {
    const { client, other } = await start();
    await client.ok('NOTIFY SET (SUBTREE (Lists Other) (MailboxName))');
    await other.ok('CREATE Lists/b');
    await client.expect('* LIST (\\HasNoChildren) "/" "Lists/b"');
    await client.expect('* LIST (\\HasChildren) "/" "Lists"');
    await other.ok('CREATE Unwatched');
    await other.ok('CREATE Lists/b/c');
    await client.expect('* LIST (\\HasNoChildren) "/" "Lists/b/c"');
    await client.expect('* LIST (\\HasChildren) "/" "Lists/b"');
    await other.ok('SUBSCRIBE Lists/b/c');
    await other.ok('RENAME Lists/b Lists/d');
    await client.expect('* LIST (\\HasChildren) "/" "Lists/d" ("OLDNAME" ("Lists/b"))');
    await other.ok('DELETE Lists/d/c');
    await client.expect('* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" "Lists/d/c"');
    await client.expect('* LIST (\\HasNoChildren) "/" "Lists/d"');
    await other.ok('RENAME Unwatched Other');
    await client.expect('* LIST (\\HasNoChildren) "/" "Other" ("OLDNAME" ("Unwatched"))');
    await other.ok('RENAME Other Elsewhere');
    await client.expect('* LIST (\\HasNoChildren) "/" "Elsewhere" ("OLDNAME" ("Other"))');
    await other.ok('RENAME INBOX Lists/old');
    await client.expect('* LIST (\\HasNoChildren) "/" "Lists/old"');
    await client.expect('* LIST (\\HasChildren) "/" "Lists"');
  });

  it('tells subscriptions', async () => {
    const { client, other } = await start();
    await client.ok(
      'NOTIFY SET (SUBSCRIBED (SubscriptionChange MessageNew MessageExpunge)) (MAILBOXES Nowhere (SubscriptionChange))',
    );
    await other.append('Lists', 'Subject: c\n\n');
    await other.ok('SUBSCRIBE Lists');
    await client.expect('* LIST (\\HasChildren \\Subscribed) "/" "Lists"');
    await other.append('Lists', 'Subject: c\n\n');
    await client.expect('* STATUS "Lists" (MESSAGES 2 UIDNEXT 3)');
    await other.ok('UNSUBSCRIBE Lists');
    await client.expect('* LIST (\\HasChildren) "/" "Lists"');
    await other.append('Lists', 'Subject: c\n\n');
    await other.ok('SUBSCRIBE Nowhere');
    await client.expect('* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" "Nowhere"');
  });

  it('tells which annotations others change', async () => {
    const { client, other } = await start();
    await client.ok('NOTIFY SET (SUBTREE Lists (MailboxMetadataChange)) (PERSONAL (ServerMetadataChange))');
    await client.ok('SETMETADATA Lists (/private/comment "own")');
    await other.ok('SETMETADATA INBOX (/private/comment "unwatched")');
    await other.ok('SETMETADATA Lists (/private/comment "x" /shared/comment "y")');
    await client.expect('* METADATA "Lists" /private/comment /shared/comment');
    await other.ok('SETMETADATA Lists (/shared/comment NIL)');
    await client.expect('* METADATA "Lists" /shared/comment');
    await other.ok('SETMETADATA "" (/private/comment "z")');
    await client.expect('* METADATA "" /private/comment');
    await client.ok('NOTIFY SET (PERSONAL (MailboxMetadataChange))');
    await other.ok('SETMETADATA "" (/private/comment "unwatched")');
    await other.ok('SETMETADATA INBOX (/private/comment NIL)');
    await client.expect('* METADATA "INBOX" /private/comment');
    await client.ok('ENABLE METADATA');
    await other.ok('SETMETADATA INBOX (/private/comment "once")');
    await client.expect('* METADATA "INBOX" /private/comment');
    await expectSilence(client);
  });

  it('tells of a new UIDVALIDITY', async () => {
    const { client, login } = await start();
    await client.ok(`NOTIFY SET (PERSONAL ${all})`);
    await using account = await server.accounts.open(login);
    const uidValidity = await account.mailboxes.bumpUidValidity('Lists');
    await client.expect(`* STATUS "Lists" (UIDVALIDITY ${uidValidity} UNSEEN 0)`);
  });

  it('takes the groups in their order, until one has NONE', async () => {
    const { client, other } = await start();
    await client.ok(
      'NOTIFY SET (MAILBOXES Lists/a NONE) (SUBTREE Lists (MessageNew MessageExpunge)) (PERSONAL (MailboxName)) (INBOXES (SubscriptionChange))',
    );
    await other.append('Lists/a', 'Subject: c\n\n');
    await other.append('Sent', 'Subject: c\n\n');
    await other.ok('CREATE Lists/a/b');
    await client.expect('* LIST (\\HasNoChildren) "/" "Lists/a/b"');
    await other.append('Lists', 'Subject: c\n\n');
    await client.expect('* STATUS "Lists" (MESSAGES 1 UIDNEXT 2)');
    await other.ok('SUBSCRIBE Lists');
    await client.expect('* LIST (\\HasChildren \\Subscribed) "/" "Lists"');
  });

  it('ends with NONE, and with the login', async () => {
    const { client, other, login } = await start();
    await client.ok('NOTIFY SET (PERSONAL (MessageNew MessageExpunge))');
    await client.ok('NOTIFY NONE');
    await other.append('Lists', 'Subject: c\n\n');
    await expectSilence(client);
    await client.ok('NOTIFY SET (PERSONAL (MessageNew MessageExpunge))');
    await client.ok('UNAUTHENTICATE');
    await other.append('Lists', 'Subject: c\n\n');
    await expectSilence(client);
    await client.ok(`LOGIN ${login} secret`);
    await client.ok('SELECT INBOX');
    await other.append('INBOX', 'Subject: c\n\n');
    await client.play('C: a NOOP\nS: * 3 EXISTS\nS: * 0 RECENT\nS: a OK Done');
  });
});

describe('NOTIFY', () => {
  it.each([
    ['NOTIFY', 'BAD'],
    ['NOTIFY SOME', 'BAD'],
    ['NOTIFY NONE (PERSONAL (MailboxName))', 'BAD'],
    ['NOTIFY SET', 'BAD'],
    ['NOTIFY SET STATUS', 'BAD'],
    ['NOTIFY SET STATUS ()', 'BAD'],
    ['NOTIFY SET (PERSONAL)', 'BAD'],
    ['NOTIFY SET (PERSONAL ())', 'BAD'],
    ['NOTIFY SET (PERSONAL MailboxName)', 'BAD'],
    ['NOTIFY SET (EVERYWHERE (MailboxName))', 'BAD'],
    ['NOTIFY SET (SUBTREE-ONE Lists (MailboxName))', 'BAD'],
    ['NOTIFY SET (MAILBOXES () (MailboxName))', 'BAD'],
    ['NOTIFY SET (PERSONAL (MessageNew))', 'BAD'],
    ['NOTIFY SET (PERSONAL (MessageExpunge))', 'BAD'],
    ['NOTIFY SET (PERSONAL (FlagChange))', 'BAD'],
    ['NOTIFY SET (SELECTED (MailboxName))', 'BAD'],
    ['NOTIFY SET (SELECTED-DELAYED (SubscriptionChange))', 'BAD'],
    ['NOTIFY SET (SELECTED NONE) (SELECTED-DELAYED NONE)', 'BAD'],
    ['NOTIFY SET (PERSONAL (MessageNew (UID) MessageExpunge))', 'BAD'],
    ['NOTIFY SET (SELECTED (MessageNew () MessageExpunge))', 'BAD'],
    ['NOTIFY SET (SELECTED (MessageNew (FAST) MessageExpunge))', 'BAD'],
    ['NOTIFY SET (SELECTED (MessageNew MessageExpunge (UID)))', 'BAD'],
    ['NOTIFY SET (PERSONAL (MailboxName)) ', 'BAD'],
    ['NOTIFY SET (PERSONAL (AnnotationChange)', 'BAD'],
    ['NOTIFY SET (PERSONAL (AnnotationChange))', 'NO [BADEVENT ('],
    ['NOTIFY SET (SELECTED (MailboxMetadataChange))', 'BAD'],
    [
      'NOTIFY SET (SELECTED (Sunrise))',
      'NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange)] ',
    ],
    ['NOTIFY SET (MAILBOXES "&-&" (MailboxName))', 'NO [CANNOT] '],
  ])('answers %s by %s', async (command, expected) => {
    const { client, other } = await start();
    await client.ok('NOTIFY SET (MAILBOXES Sent (MessageNew MessageExpunge))');
    const { untagged, tagged } = await client.command(command);
    expect(untagged).toEqual([]);
    expect(tagged.startsWith(`${expected}`), tagged).toBe(true);
    // What was asked for before is in force still.
    await other.append('Sent', 'Subject: c\n\n');
    await client.expect('* STATUS "Sent" (MESSAGES … UIDNEXT …)');
  });

  it('has a limit of groups', async () => {
    const { client } = await start();
    const groups = (count: number): string => Array.from({ length: count }, () => '(PERSONAL NONE)').join(' ');
    await client.ok(`NOTIFY SET ${groups(100)}`);
    const { tagged } = await client.command(`NOTIFY SET ${groups(101)}`);
    expect(tagged).toMatch(/^NO \[NOTIFICATIONOVERFLOW\] /);
  });

  it('ends when there are too many mailboxes', async () => {
    await using limited = await startImapFixture({ limits: { imapNotifyMailboxes: 8 } });
    const client = await limited.login();
    const other = await limited.login();
    const { length } = await other.ok('LIST "" "*"');
    for (let count = length; count < 8; count++) await other.ok(`CREATE more${count}`);
    await client.ok('SELECT INBOX');
    await client.ok(`NOTIFY SET (SELECTED ${all}) (PERSONAL (MessageNew MessageExpunge))`);
    await other.append('INBOX', 'Subject: c\n\n');
    await client.play('S: * 1 EXISTS\nS: * 1 RECENT');
    await other.ok('CREATE toomany');
    await client.expect('* OK [NOTIFICATIONOVERFLOW] …');
    await other.append('INBOX', 'Subject: c\n\n');
    await other.append('Sent', 'Subject: c\n\n');
    await expectSilence(client);
    const { tagged } = await client.command('NOTIFY SET (PERSONAL (MessageNew MessageExpunge))');
    expect(tagged).toMatch(/^NO \[NOTIFICATIONOVERFLOW\]/);
    await client.ok('NOTIFY SET (SELECTED NONE)');
  });
});
