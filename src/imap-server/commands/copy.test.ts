import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

async function withMessages(login: string, count: number): Promise<ImapTestClient> {
  const client = await server.login(login);
  for (let number = 1; number <= count; number++) {
    await client.append('INBOX', `Subject: ${number}\n\nBody\n`, '(\\Flagged green) "05-Nov-2026 00:00:00 +0000" ');
  }
  await client.ok('SELECT INBOX');
  return client;
}

describe('COPY', () => {
  it('keeps flags and date, and tells the new UIDs', async () => {
    const client = await withMessages('copy', 3);
    await client.play(String.raw`
      C: a COPY 1,3 Drafts
      S: a OK [COPYUID … 1,3 1:2] Copied
      C: b UID COPY 2:3 Drafts
      S: b OK [COPYUID … 2:3 3:4] Copied
      C: c COPY 1 INBOX
      S: * 4 EXISTS
      S: * 4 RECENT
      S: c OK [COPYUID … 1 4] Copied
      C: d COPY 1 nothing
      S: d NO [TRYCREATE] …
      C: e UID COPY 99 Drafts
      S: e OK There are no such messages
      C: f COPY 5 Drafts
      S: f BAD …
    `);
    await client.ok('SELECT Drafts');
    expect((await client.ok('FETCH 1 (FLAGS INTERNALDATE)')).at(-1)).toBe(
      '* 1 FETCH (FLAGS (\\Flagged \\Recent green) INTERNALDATE " 5-Nov-2026 00:00:00 +0000")',
    );
  });
});

describe('MOVE', () => {
  it('tells the new UIDs before the messages go', async () => {
    const client = await withMessages('move', 4);
    await client.play(`
      C: a MOVE 2:3 Archive
      S: * OK [COPYUID … 2:3 1:2] Moved
      S: * 2 EXPUNGE
      S: * 2 EXPUNGE
      S: a OK Moved
      C: b UID MOVE 1 Archive
      S: * OK [COPYUID … 1 3] Moved
      S: * 1 EXPUNGE
      S: b OK Moved
      C: c MOVE 1 nothing
      S: c NO [TRYCREATE] …
      C: d ENABLE QRESYNC
      S: * ENABLED QRESYNC
      S: * OK [HIGHESTMODSEQ …] …
      S: d OK Done
      C: e MOVE 1 Archive
      S: * OK [COPYUID … 4 4] Moved
      S: * VANISHED 4
      S: e OK [HIGHESTMODSEQ …] Moved
    `);
  });
});

describe('EXPUNGE', () => {
  it('removes what is deleted, with UID only those named', async () => {
    const client = await withMessages('expunge', 5);
    await client.ok('STORE 1,2,4 +FLAGS.SILENT (\\Deleted)');
    await client.play(`
      C: a UID EXPUNGE 2:3
      S: * 2 EXPUNGE
      S: a OK Done
      C: b EXPUNGE
      S: * 1 EXPUNGE
      S: * 2 EXPUNGE
      S: b OK Done
      C: c FETCH 1:* UID
      S: * 1 FETCH (UID 3)
      S: * 2 FETCH (UID 5)
      S: c OK Done
    `);
  });
});
