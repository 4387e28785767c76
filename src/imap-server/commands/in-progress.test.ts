import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture({ limits: { imapProgressMs: 0 } });
  const client = await server.login();
  // In two commands that bring more than one batch: 1,200 messages.
  for (const count of [600, 600]) {
    const messages = Array.from({ length: count }, () => '{14+}\r\nSubject: a\r\n\r\n').join(' ');
    await client.ok(`APPEND INBOX ${messages}`);
  }
});
afterAll(() => server[Symbol.asyncDispose]());

describe('INPROGRESS', () => {
  it('tells how many messages SEARCH has looked at', async () => {
    const client = await server.login();
    await client.ok('SELECT INBOX');
    await client.play(`
      C: a UID SEARCH RETURN (COUNT) SMALLER 100
      S: * OK [INPROGRESS ("a" 500 1200)] 500 of 1200 messages
      S: * OK [INPROGRESS ("a" 1000 1200)] 1000 of 1200 messages
      S: * ESEARCH (TAG "a") UID COUNT 1200
      S: a OK Done
    `);
  });

  it('tells how far SORT is, which goes through them twice', async () => {
    const client = await server.login();
    await client.ok('SELECT INBOX');
    await client.play(`
      C: a SORT RETURN (COUNT) (SIZE) UTF-8 SMALLER 100
      S: * OK [INPROGRESS ("a" 500 NIL)] 500 messages so far
      S: * OK [INPROGRESS ("a" 1000 NIL)] 1000 messages so far
      S: * OK [INPROGRESS ("a" 1200 NIL)] 1200 messages so far
      S: * OK [INPROGRESS ("a" 1700 NIL)] 1700 messages so far
      S: * OK [INPROGRESS ("a" 2200 NIL)] 2200 messages so far
      S: * OK [INPROGRESS ("a" 2400 NIL)] 2400 messages so far
      S: * ESEARCH (TAG "a") COUNT 1200
      S: a OK Done
    `);
  });

  it('tells that COPY and MOVE are at work, before they are done', async () => {
    const client = await server.login();
    await client.ok('SELECT INBOX');
    for (const command of ['COPY 1:* Sent', 'MOVE 1:100 Trash']) {
      const { untagged, tagged } = await client.command(command);
      expect(tagged).toMatch(/^OK /);
      const told = untagged.filter((line) => line.includes('INPROGRESS'));
      expect(told.length).toBeGreaterThan(0);
      for (const line of told) expect(line).toMatch(/^\* OK \[INPROGRESS \("t\d+" NIL NIL\)\] Still at work$/);
      expect(untagged.slice(0, told.length)).toEqual(told);
    }
  });

  it('says nothing of what is soon done', async () => {
    await using usual = await startImapFixture();
    const client = await usual.login();
    await client.append('INBOX', 'Subject: a\n\n');
    await client.ok('SELECT INBOX');
    expect(await client.ok('SEARCH SMALLER 100')).toEqual(['* SEARCH 1']);
    expect(await client.ok('COPY 1 Sent')).toEqual([]);
  });
});
