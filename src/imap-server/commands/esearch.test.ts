import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
let client: ImapTestClient;
beforeAll(async () => {
  server = await startImapFixture();
  client = await server.login();
  for (const name of ['Lists', 'Lists/a', 'Lists/a/b', 'Listsother', 'Empty']) await client.ok(`CREATE ${name}`);
  for (const name of ['INBOX', 'Lists', 'Lists/a', 'Lists/a', 'Lists/a/b', 'Listsother']) {
    await client.append(name, `Subject: ${name}\n\nbody`);
  }
  await client.ok('SUBSCRIBE Lists/a');
  for (const name of ['INBOX', 'Drafts', 'Sent']) await client.ok(`UNSUBSCRIBE ${name}`);
});
afterAll(() => server[Symbol.asyncDispose]());

/** Names of the mailboxes in which something was found. */
async function found(source: string, keys = 'ALL'): Promise<string[]> {
  const lines = await client.ok(`ESEARCH IN (${source}) ${keys}`);
  return lines.map(
    (line) => /^\* ESEARCH \(TAG "t\d+" MAILBOX "([^"]*)" UIDVALIDITY \d+\) UID ALL /.exec(line)?.[1] ?? line,
  );
}

describe('ESEARCH', () => {
  it.each([
    ['mailboxes Lists/a', ['Lists/a']],
    ['mailboxes inbox', ['INBOX']],
    ['mailboxes "Lists/*"', []],
    ['mailboxes (Lists/a Nothing "a//b" Lists/a)', ['Lists/a']],
    ['mailboxes Lists/a mailboxes Lists', ['Lists', 'Lists/a']],
    ['subtree Lists', ['Lists', 'Lists/a', 'Lists/a/b']],
    ['SUBTREE (Lists/a Listsother)', ['Lists/a', 'Lists/a/b', 'Listsother']],
    ['subtree-one Lists', ['Lists', 'Lists/a']],
    ['subtree-one Lists subtree Lists', ['Lists', 'Lists/a', 'Lists/a/b']],
    ['personal', ['INBOX', 'Lists', 'Lists/a', 'Lists/a/b', 'Listsother']],
    ['inboxes', ['INBOX', 'Lists', 'Lists/a', 'Lists/a/b', 'Listsother']],
    ['subscribed', ['Lists/a']],
  ])('searches %s', async (source, expected) => {
    expect((await found(source)).sort()).toEqual(expected);
  });

  it('names each mailbox, its UIDVALIDITY and the tag', async () => {
    const status = await client.ok('STATUS Lists/a (UIDVALIDITY)');
    const uidValidity = /UIDVALIDITY (\d+)/.exec(status[0]!)![1];
    await client.play(`
      C: a ESEARCH IN (subtree Lists) RETURN (MIN MAX COUNT) SUBJECT lists/a
      S: * ESEARCH (TAG "a" MAILBOX "Lists/a" UIDVALIDITY ${uidValidity}) UID MIN 1 MAX 2 COUNT 2
      S: * ESEARCH (TAG "a" MAILBOX "Lists/a/b" UIDVALIDITY …) UID MIN 1 MAX 1 COUNT 1
      S: a OK Done
      C: b ESEARCH IN (mailboxes Lists/a) RETURN (PARTIAL 2:5) ALL
      S: * ESEARCH (TAG "b" MAILBOX "Lists/a" UIDVALIDITY ${uidValidity}) UID PARTIAL (2:5 2)
      S: b OK Done
      C: c ESEARCH IN (personal) RETURN (COUNT) SUBJECT nowhere
      S: c OK Done
      C: d ESEARCH IN (mailboxes Lists/a) RETURN () CHARSET UTF-8 BODY body
      S: * ESEARCH (TAG "d" MAILBOX "Lists/a" UIDVALIDITY ${uidValidity}) UID ALL 1:2
      S: d OK Done
      C: e ESEARCH IN (personal) CHARSET X ALL
      S: e NO [BADCHARSET (UTF-8 US-ASCII)] …
    `);
  });

  it('takes message numbers beyond the end for none', async () => {
    await client.play(`
      C: a ESEARCH IN (mailboxes (Lists Lists/a)) RETURN (ALL) 2:9
      S: * ESEARCH (TAG "a" MAILBOX "Lists/a" UIDVALIDITY …) UID ALL 2
      S: a OK Done
      C: b ESEARCH IN (mailboxes Lists/a) 100:200
      S: b OK Done
      C: b2 ESEARCH IN (mailboxes Lists/a) FUZZY 100:200
      S: b2 OK Done
      C: c ESEARCH IN (mailboxes Empty) 1:*
      S: c OK Done
    `);
  });

  it('searches the selected mailbox when nothing else is said, by UID', async () => {
    const other = await server.login();
    await other.play(`
      C: a ESEARCH ALL
      S: a BAD Select a mailbox first
      C: b ESEARCH IN (personal selected) ALL
      S: b BAD Select a mailbox first
    `);
    await other.ok('SELECT Lists/a');
    await other.play(`
      C: a ESEARCH UID 2:9
      S: * ESEARCH (TAG "a" MAILBOX "Lists/a" UIDVALIDITY …) UID ALL 2
      S: a OK Done
      C: b ESEARCH IN (selected mailboxes Lists/a) RETURN (COUNT) ALL
      S: * ESEARCH (TAG "b" MAILBOX "Lists/a" UIDVALIDITY …) UID COUNT 2
      S: b OK Done
      C: c ESEARCH RETURN (SAVE) UID 2
      S: c OK Done
      C: d FETCH $ UID
      S: * 2 FETCH (UID 2)
      S: d OK Done
      C: e ESEARCH IN (selected) RETURN (SAVE COUNT) UID 1
      S: * ESEARCH (TAG "e" MAILBOX "Lists/a" UIDVALIDITY …) UID COUNT 1
      S: e OK Done
      C: f ESEARCH IN (mailboxes Lists/a) RETURN (SAVE) UID 2
      S: f BAD …
      C: g ESEARCH IN (selected personal) RETURN (SAVE) UID 2
      S: g BAD …
      C: h FETCH $ UID
      S: * 1 FETCH (UID 1)
      S: h OK Done
      C: i ESEARCH IN (subtree Lists) UID 1
      S: * ESEARCH (TAG "i" MAILBOX "Lists" UIDVALIDITY …) UID ALL 1
      S: * ESEARCH (TAG "i" MAILBOX "Lists/a" UIDVALIDITY …) UID ALL 1
      S: * ESEARCH (TAG "i" MAILBOX "Lists/a/b" UIDVALIDITY …) UID ALL 1
      S: i OK Done
      C: j FETCH 1:2 UID
      S: * 1 FETCH (UID 1)
      S: * 2 FETCH (UID 2)
      S: j OK Done
    `);
  });

  it('keeps the result of the selected mailbox up to date, and of no other', async () => {
    const updated = await server.login('updated');
    const other = await server.login('updated');
    await updated.append('INBOX', 'Subject: a\n\n');
    await updated.play('C: a ESEARCH IN (personal) RETURN (UPDATE) UNSEEN\nS: a BAD …');
    await updated.ok('SELECT INBOX');
    await updated.play(`
      C: u ESEARCH IN (personal) RETURN (UPDATE COUNT) UNSEEN
      S: * ESEARCH (TAG "u" MAILBOX "INBOX" UIDVALIDITY …) UID COUNT 1
      S: u OK Done
      C: v ESEARCH IN (mailboxes Sent) RETURN (UPDATE COUNT) UNSEEN
      S: * NO [NOUPDATE "v"] …
      S: v OK Done
    `);
    await other.append('INBOX', 'Subject: b\n\n');
    await other.append('Sent', 'Subject: b\n\n');
    await updated.play(`
      C: b NOOP
      S: * 2 EXISTS
      S: * 2 RECENT
      S: * ESEARCH (TAG "u" MAILBOX "INBOX" UIDVALIDITY …) UID ADDTO (0 2)
      S: b OK Done
      C: u ESEARCH RETURN (UPDATE) ALL
      S: u BAD Tag reuse
    `);
  });

  it('tells MODSEQ when it is asked for', async () => {
    const [line] = await client.ok('ESEARCH IN (mailboxes Lists/a) RETURN (MAX) MODSEQ 1');
    expect(line).toMatch(/ UID MAX 2 MODSEQ \d+$/);
  });

  it('encodes the names as the client reads them', async () => {
    const other = await server.login('encoded');
    await other.ok('CREATE "Gr&APw-n"');
    await other.append('"Gr&APw-n"', 'Subject: a\n\n');
    await other.play(`
      C: a ESEARCH IN (mailboxes "Gr&APw-n") ALL
      S: * ESEARCH (TAG "a" MAILBOX "Gr&APw-n" UIDVALIDITY …) UID ALL 1
      S: a OK Done
      C: b ESEARCH IN (mailboxes "Gr&-n&") ALL
      S: b NO [CANNOT] …
    `);
  });

  it.each([
    'ESEARCH',
    'ESEARCH IN () ALL',
    'ESEARCH IN (selected-delayed) ALL',
    'ESEARCH IN (everything) ALL',
    'ESEARCH IN (mailboxes) ALL',
    'ESEARCH IN (mailboxes ()) ALL',
    'ESEARCH IN (personal (scope)) ALL',
    'ESEARCH IN (personal)',
    'ESEARCH IN (personal) RETURN (COUNT)',
  ])('refuses %s', async (command) => {
    expect((await client.command(command)).tagged).toMatch(/^BAD /);
  });

  it('refuses message numbers after UIDONLY', async () => {
    const other = await server.login();
    await other.ok('ENABLE UIDONLY');
    expect((await other.command('ESEARCH IN (personal) 1:2')).tagged).toMatch(/^BAD \[UIDREQUIRED\]/);
    expect(await other.ok('ESEARCH IN (mailboxes Lists) UID 1')).toHaveLength(1);
  });

  it('has a limit', async () => {
    await using limited = await startImapFixture({ limits: { imapSearchedMailboxes: 2 } });
    const other = await limited.login();
    expect((await other.command('ESEARCH IN (personal) ALL')).tagged).toMatch(/^NO \[LIMIT\]/);
    await other.ok('ESEARCH IN (mailboxes (Inbox Sent)) ALL');
  });
});
