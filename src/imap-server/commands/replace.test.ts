import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture({
    quotaOf: (account) => (account === 'full' ? { bytes: 50, messages: 2 } : {}),
    limits: { messageBytes: 100_000 },
  });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('REPLACE', () => {
  it('adds a message and removes the other, told in this order', async () => {
    const client = await server.login('order');
    for (const subject of ['a', 'b', 'c']) await client.append('INBOX', `Subject: ${subject}\n\n`, '(\\Flagged) ');
    await client.ok('SELECT INBOX');
    const other = await server.login('order');
    await other.ok('SELECT INBOX');
    await client.play(String.raw`
      C: a REPLACE 2 INBOX (\Draft) "05-Nov-2026 10:00:00 +0000" {14}
      S: + OK
      C: Subject: d\r\n\r\n
      S: * OK [APPENDUID … 4] Replaced
      S: * 2 EXPUNGE
      S: * 3 EXISTS
      S: * 3 RECENT
      S: a OK Replaced
      C: b FETCH 1:* (UID FLAGS INTERNALDATE)
      S: * 1 FETCH (UID 1 FLAGS (\Flagged \Recent) INTERNALDATE …)
      S: * 2 FETCH (UID 3 FLAGS (\Flagged \Recent) INTERNALDATE …)
      S: * 3 FETCH (UID 4 FLAGS (\Draft \Recent) INTERNALDATE " 5-Nov-2026 10:00:00 +0000")
      S: b OK Done
    `);
    expect(await other.ok('NOOP')).toEqual(['* 2 EXPUNGE', '* 3 EXISTS', '* 0 RECENT']);
  });

  it('puts the message into another mailbox', async () => {
    const client = await server.login('other');
    await client.append('Drafts', 'Subject: a\n\n');
    await client.ok('SELECT Drafts');
    await client.play(String.raw`
      C: a UID REPLACE 1 Sent (\Seen) {14+}
      C: Subject: b\r\n\r\n
      S: * OK [APPENDUID … 1] Replaced
      S: * 1 EXPUNGE
      S: a OK Replaced
      C: b STATUS Sent (MESSAGES UNSEEN)
      S: * STATUS "Sent" (MESSAGES 1 UNSEEN 0)
      S: b OK Done
    `);
  });

  it('tells MODSEQ and UIDs to who has enabled QRESYNC', async () => {
    const client = await server.login('qresync');
    await client.append('INBOX', 'Subject: a\n\n');
    await client.ok('ENABLE QRESYNC');
    await client.ok('SELECT INBOX');
    await client.play(String.raw`
      C: a REPLACE * {5+}
      C: INBOX {14}
      S: + OK
      C: Subject: b\r\n\r\n
      S: * OK [APPENDUID … 2] Replaced
      S: * VANISHED 1
      S: * 1 EXISTS
      S: * 1 RECENT
      S: a OK [HIGHESTMODSEQ …] Replaced
    `);
  });

  it('needs room only for what the new message takes more', async () => {
    const client = await server.login('full');
    await client.append('INBOX', `Subject: ${'a'.repeat(10)}\n\n1`);
    await client.append('INBOX', `Subject: ${'b'.repeat(10)}\n\n2`);
    await client.ok('SELECT INBOX');
    await client.play(String.raw`
      C: a REPLACE 1 INBOX {24}
      S: + OK
      C: Subject: cccccccccc\r\n\r\n1
      S: * OK [APPENDUID … 3] Replaced
      S: * 1 EXPUNGE
      S: * 2 EXISTS
      S: * 2 RECENT
      S: a OK Replaced
      C: b REPLACE 1 INBOX {30}
      S: b NO [OVERQUOTA] The account is full
    `);
    await using account = await server.accounts.open('full');
    await account.setQuota(1);
    await client.play(String.raw`
      C: a REPLACE 1 INBOX {14}
      S: + OK
      C: Subject: d\r\n\r\n
      S: * OK [APPENDUID … 4] Replaced
      S: * 1 EXPUNGE
      S: * 2 EXISTS
      S: * 2 RECENT
      S: a OK Replaced
    `);
  });

  it('refuses what it cannot do before anything has changed, and reads past what still comes', async () => {
    const client = await server.login('refused');
    await client.append('INBOX', 'Subject: a\n\n');
    await client.play(String.raw`
      C: a REPLACE 1 INBOX {14+}
      C: Subject: b\r\n\r\n
      S: a BAD Select a mailbox first
    `);
    await client.ok('SELECT INBOX');
    await client.play(String.raw`
      C: a REPLACE 1 Nowhere {14+}
      C: Subject: b\r\n\r\n
      S: a NO [TRYCREATE] There is no such mailbox
      C: b REPLACE 2 INBOX {14+}
      C: Subject: b\r\n\r\n
      S: b BAD There is no message with that number
      C: c UID REPLACE 7 INBOX {14+}
      C: Subject: b\r\n\r\n
      S: c NO [EXPUNGEISSUED] The message is gone
      C: d REPLACE 1:2 INBOX {14+}
      C: Subject: b\r\n\r\n
      S: d BAD …
      C: e REPLACE x INBOX {14+}
      C: Subject: b\r\n\r\n
      S: e BAD Message number expected
      C: f REPLACE 1 INBOX {14+}
      C: Subject: b\r\n\r\n {14+}
      C: Subject: c\r\n\r\n
      S: f NO [LIMIT] Too many messages in one command
      C: g REPLACE 1 INBOX {100001}
      S: g NO [TOOBIG] The message is too large
      C: h STATUS INBOX (MESSAGES UIDNEXT)
      S: * STATUS "INBOX" (MESSAGES 1 UIDNEXT 2)
      S: h OK Done
    `);
    await client.ok('EXAMINE INBOX');
    await client.play(String.raw`
      C: a REPLACE 1 INBOX {14+}
      C: Subject: b\r\n\r\n
      S: a NO The mailbox was opened read-only
      C: b NOOP
      S: b OK Done
    `);
  });

  it('refuses when the message has gone meanwhile', async () => {
    const client = await server.login('gone');
    await client.append('INBOX', 'Subject: a\n\n');
    await client.ok('SELECT INBOX');
    client.send('a REPLACE 1 INBOX {14}\r\n');
    await client.expect('+ OK');
    await using account = await server.accounts.open('gone');
    const inbox = await account.read((reader) => reader.mailboxes.named('Inbox'));
    await account.messages.expunge(inbox?.id ?? 0, 'all', 'all');
    await client.play(String.raw`
      C: Subject: b\r\n\r\n
      S: * 1 EXPUNGE
      S: a NO [EXPUNGEISSUED] The message is gone
      C: b STATUS INBOX (MESSAGES)
      S: * STATUS "INBOX" (MESSAGES 0)
      S: b OK Done
    `);
  });
});
