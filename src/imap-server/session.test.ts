import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

const message =
  'From: A <a@example.org>\nSubject: Hello\nDate: Mon, 23 Nov 2026 10:00:00 +0000\nMessage-ID: <1@x>\n\nBody\n';

describe('a session', () => {
  it('reads, flags and expunges a message', async () => {
    const client = await server.login('first');
    expect(await client.append('INBOX', message)).toBe(1);
    expect(await client.append('INBOX', message, '(\\Seen) "23-Nov-2026 11:00:00 +0100" ')).toBe(2);
    await client.play(String.raw`
      C: a SELECT INBOX
      S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft $Forwarded $Junk $NotJunk $Phishing $MDNSent)
      S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft $Forwarded $Junk $NotJunk $Phishing $MDNSent \*)] Flags…
      S: * 2 EXISTS
      S: * 2 RECENT
      S: * OK [UNSEEN 1] …
      S: * OK [UIDVALIDITY …] …
      S: * OK [UIDNEXT 3] …
      S: * OK [HIGHESTMODSEQ …] …
      S: * OK [MAILBOXID …] …
      S: * OK [URLMECH INTERNAL] …
      S: a OK [READ-WRITE] …
      C: b FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)
      S: * 1 FETCH (UID 1 FLAGS (\Recent) INTERNALDATE "…" RFC822.SIZE 107)
      S: * 2 FETCH (UID 2 FLAGS (\Seen \Recent) INTERNALDATE "23-Nov-2026 10:00:00 +0000" RFC822.SIZE 107)
      S: b OK Done
      C: c FETCH 1 (ENVELOPE BODYSTRUCTURE)
      S: * 1 FETCH (ENVELOPE ("Mon, 23 Nov 2026 10:00:00 +0000" "Hello" (("A" NIL "a" "example.org")) (("A" NIL "a" "example.org")) (("A" NIL "a" "example.org")) NIL NIL NIL NIL "<1@x>") BODYSTRUCTURE ("text" "plain" …))
      S: c OK Done
      C: d FETCH 1 BODY[]
      S: * 1 FETCH (FLAGS (\Seen \Recent) BODY[] {107}\r\nFrom: A <a@example.org>\r\nSubject: Hello\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@x>\r\n\r\nBody\r\n)
      S: d OK Done
      C: e STORE 1:2 +FLAGS (\Deleted blue)
      S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft $Forwarded $Junk $NotJunk $Phishing $MDNSent blue)
      S: * OK [PERMANENTFLAGS (…blue \*)] Flags
      S: * 1 FETCH (FLAGS (\Seen \Deleted \Recent blue))
      S: * 2 FETCH (FLAGS (\Seen \Deleted \Recent blue))
      S: e OK Done
      C: f SEARCH KEYWORD BLUE SUBJECT ell TEXT body
      S: * SEARCH 1 2
      S: f OK Done
      C: g UID EXPUNGE 1
      S: * 1 EXPUNGE
      S: g OK Done
      C: h EXPUNGE
      S: * 1 EXPUNGE
      S: h OK Done
      C: i LIST "" *
      S: * LIST (\HasNoChildren) "/" "INBOX"
      S: * LIST (\HasNoChildren \Archive) "/" "Archive"
      S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
      S: * LIST (\HasNoChildren \Junk) "/" "Junk"
      S: * LIST (\HasNoChildren \Sent) "/" "Sent"
      S: * LIST (\HasNoChildren \Trash) "/" "Trash"
      S: i OK Done
      C: j LOGOUT
      S: * BYE Logging out
      S: j OK Logged out
      S: <closed>
    `);
  });

  it('tells an idle client what another does', async () => {
    const idle = await server.login('second');
    const other = await server.login('second');
    await idle.ok('SELECT INBOX');
    await idle.play('C: a IDLE\nS: + idling');
    await other.append('INBOX', message);
    await idle.play('S: * 1 EXISTS\nS: * 1 RECENT');
    await other.ok('SELECT INBOX');
    await other.ok('STORE 1 +FLAGS.SILENT (\\Flagged green)');
    await idle.play(String.raw`
      S: * FLAGS (… green)
      S: * OK [PERMANENTFLAGS (… green \*)] …
      S: * 1 FETCH (UID 1 FLAGS (\Flagged \Recent green))
    `);
    await other.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    await idle.expect('* 1 FETCH (UID 1 FLAGS (\\Flagged \\Deleted \\Recent green))');
    await other.ok('EXPUNGE');
    await idle.play('S: * 1 EXPUNGE\nC: DONE\nS: a OK Done');
  });
});
