import { afterAll, beforeAll, describe, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture({
    quotaOf: (account) => (account === 'both' ? { bytes: 10_240, messages: 3 } : { messages: 2 }),
  });
});
afterAll(() => server[Symbol.asyncDispose]());

const message = 'Subject: x\n\nBody..';

describe('a quota of messages', () => {
  it('is told beside that of bytes, for mailboxes that are still to be made too', async () => {
    const client = await server.login('both');
    await client.append('INBOX', message);
    await client.play(`
      C: a GETQUOTA ""
      S: * QUOTA "" (STORAGE 1 10 MESSAGE 1 3)
      S: a OK Done
      C: b GETQUOTAROOT Later
      S: * QUOTAROOT "Later" ""
      S: * QUOTA "" (STORAGE 1 10 MESSAGE 1 3)
      S: b OK Done
      C: c GETQUOTA other
      S: c NO [NONEXISTENT] There is no such quota root
    `);
  });

  it('holds for APPEND and COPY; MOVE needs no room', async () => {
    const client = await server.login('messages');
    await client.append('INBOX', message);
    await client.play(String.raw`
      C: a APPEND INBOX {18+}
      C: Subject: x\r\n\r\nBody {18}
      S: a NO [OVERQUOTA] The account is full
      C: b STATUS INBOX (MESSAGES)
      S: * STATUS "INBOX" (MESSAGES 1)
      S: b OK Done
      C: c APPEND INBOX {18}
      S: + OK
      C: Subject: x\r\n\r\nBody
      S: c OK [APPENDUID … 2] Added
      C: d APPEND INBOX {18}
      S: d NO [OVERQUOTA] The account is full
    `);
    await client.ok('SELECT INBOX');
    await client.play(`
      C: a COPY 1 INBOX
      S: a NO [OVERQUOTA] The account is full
      C: b MOVE 1 Trash
      S: * OK [COPYUID … 1 1] Moved
      S: * 1 EXPUNGE
      S: b OK Moved
      C: c GETQUOTA ""
      S: * QUOTA "" (MESSAGE 2 2)
      S: c OK Done
    `);
  });
});

describe('DELETED-STORAGE', () => {
  it('is what EXPUNGE would free', async () => {
    const client = await server.login('deleted');
    await client.append('INBOX', message, '(\\Deleted) ');
    await client.append('INBOX', message);
    await client.play(`
      C: a STATUS INBOX (DELETED DELETED-STORAGE)
      S: * STATUS "INBOX" (DELETED 1 DELETED-STORAGE 20)
      S: a OK Done
      C: b LIST "" INBOX RETURN (STATUS (DELETED-STORAGE))
      S: * LIST (\\HasNoChildren) "/" "INBOX"
      S: * STATUS "INBOX" (DELETED-STORAGE 20)
      S: b OK Done
      C: c STATUS Trash (DELETED-STORAGE)
      S: * STATUS "Trash" (DELETED-STORAGE 0)
      S: c OK Done
    `);
  });
});
