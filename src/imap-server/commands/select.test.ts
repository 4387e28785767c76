import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

const message = 'Subject: x\n\nBody\n';

describe('SELECT', () => {
  it('leaves the mailbox that was selected, also when the new one does not exist', async () => {
    const client = await server.login('select');
    await client.ok('SELECT INBOX');
    await client.play(`
      C: a SELECT nothing
      S: * OK [CLOSED] Previous mailbox closed
      S: a NO [NONEXISTENT] …
      C: b CHECK
      S: b BAD Select a mailbox first
    `);
  });

  it('tells what IMAP4rev2 wants, and not what that has done away with', async () => {
    const client = await server.login('rev2');
    await client.append('INBOX', message);
    await client.play(String.raw`
      C: a ENABLE IMAP4rev2
      S: * ENABLED IMAP4rev2
      S: a OK Done
      C: b SELECT inbox
      S: * FLAGS (…)
      S: * OK [PERMANENTFLAGS (… \*)] …
      S: * 1 EXISTS
      S: * OK [UIDVALIDITY …] …
      S: * OK [UIDNEXT 2] …
      S: * OK [HIGHESTMODSEQ …] …
      S: * OK [MAILBOXID …] …
      S: * OK [URLMECH INTERNAL] …
      S: * LIST () "/" "INBOX"
      S: b OK [READ-WRITE] …
      C: c SEARCH ALL
      S: * ESEARCH (TAG "c") ALL 1
      S: c OK Done
      C: d UID SEARCH ANSWERED
      S: * ESEARCH (TAG "d") UID
      S: d OK Done
    `);
  });

  it('refuses parameters that it does not know', async () => {
    const client = await server.login('parameters');
    for (const parameters of ['(FOO)', '()', '(QRESYNC (0 1))', '(QRESYNC (1 1 $))', '(QRESYNC (1))', ' (CONDSTORE)']) {
      expect((await client.command(`SELECT INBOX ${parameters}`)).tagged).toMatch(/^BAD /);
    }
    expect((await client.command('SELECT INBOX (QRESYNC (1 1))')).tagged).toBe('BAD Enable QRESYNC first');
  });
});

describe('EXAMINE', () => {
  it('lets nothing be changed', async () => {
    const client = await server.login('examine');
    await client.append('INBOX', message, '(\\Deleted) ');
    await client.play(String.raw`
      C: a EXAMINE INBOX
      S: * FLAGS (…)
      S: * OK [PERMANENTFLAGS ()] …
      S: * 1 EXISTS
      S: * 1 RECENT
      S: * OK [UNSEEN 1] …
      S: * OK [UIDVALIDITY …] …
      S: * OK [UIDNEXT 2] …
      S: * OK [HIGHESTMODSEQ …] …
      S: * OK [MAILBOXID …] …
      S: * OK [URLMECH INTERNAL] …
      S: a OK [READ-ONLY] …
      C: b STORE 1 +FLAGS (\Seen)
      S: b NO …
      C: c EXPUNGE
      S: c NO …
      C: d MOVE 1 Sent
      S: d NO …
      C: e FETCH 1 (BODY[TEXT])
      S: * 1 FETCH (BODY[TEXT] {6}\r\nBody\r\n)
      S: e OK Done
      C: f FETCH 1 FLAGS
      S: * 1 FETCH (FLAGS (\Deleted \Recent))
      S: f OK Done
      C: g COPY 1 Sent
      S: g OK [COPYUID … 1 1] Copied
      C: h CLOSE
      S: h OK Done
      C: i STATUS INBOX (MESSAGES)
      S: * STATUS "INBOX" (MESSAGES 1)
      S: i OK Done
    `);
  });
});

describe('CLOSE and UNSELECT', () => {
  it('expunge, or not', async () => {
    const client = await server.login('close');
    await client.append('INBOX', message, '(\\Deleted) ');
    await client.ok('SELECT INBOX');
    await client.play(`
      C: a UNSELECT
      S: a OK Done
      C: b STATUS INBOX (MESSAGES)
      S: * STATUS "INBOX" (MESSAGES 1)
      S: b OK Done
    `);
    await client.ok('SELECT INBOX');
    await client.play(`
      C: a CLOSE
      S: a OK Done
      C: b STATUS INBOX (MESSAGES)
      S: * STATUS "INBOX" (MESSAGES 0)
      S: b OK Done
    `);
  });
});
