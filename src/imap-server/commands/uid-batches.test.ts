import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture({ limits: { imapBatchMessages: 3 } });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('UIDBATCHES', () => {
  it('tells ranges with so many messages each, from the newest on', async () => {
    const client = await server.login('batches');
    for (let count = 1; count <= 10; count++) await client.append('INBOX', 'Subject: a\n\n');
    await client.ok('SELECT INBOX');
    await client.ok('UID STORE 4,7,10 +FLAGS (\\Deleted)');
    await client.ok('EXPUNGE');
    // There are 1 2 3 5 6 8 9.
    await client.play(`
      C: a UIDBATCHES 3
      S: * UIDBATCHES (TAG "a") 9:6,5:2,1:1
      S: a OK Done
      C: b UIDBATCHES 4
      S: * UIDBATCHES (TAG "b") 9:5,4:1
      S: b OK Done
      C: c UIDBATCHES 7
      S: * UIDBATCHES (TAG "c") 9:1
      S: c OK Done
      C: d UIDBATCHES 4000000000
      S: * UIDBATCHES (TAG "d") 9:1
      S: d OK Done
      C: e UIDBATCHES 3 1:1
      S: * UIDBATCHES (TAG "e") 9:6
      S: e OK Done
      C: f UIDBATCHES 3 2:100
      S: * UIDBATCHES (TAG "f") 5:2,1:1
      S: f OK Done
      C: g UIDBATCHES 3 4:5
      S: * UIDBATCHES (TAG "g")
      S: g OK Done
    `);
  });

  it('has no ranges for an empty mailbox, and leaves what SEARCH has saved', async () => {
    const client = await server.login('empty');
    await client.append('INBOX', 'Subject: a\n\n');
    await client.ok('SELECT Sent');
    expect(await client.ok('UIDBATCHES 2000')).toEqual([expect.stringMatching(/^\* UIDBATCHES \(TAG "t\d+"\)$/)]);
    await client.ok('SELECT INBOX');
    await client.ok('SEARCH RETURN (SAVE) ALL');
    await client.ok('UIDBATCHES 2000');
    expect(await client.ok('UID FETCH $ UID')).toEqual(['* 1 FETCH (UID 1)']);
  });

  it('refuses batches that are too small, and ranges that are none', async () => {
    const client = await server.login('refused');
    await client.play(`
      C: a UIDBATCHES 500
      S: a BAD Select a mailbox first
    `);
    await client.ok('SELECT INBOX');
    await client.play(`
      C: a UIDBATCHES 2
      S: a NO [TOOFEW] A batch has at least 3 messages
      C: b UIDBATCHES 500 20:10
      S: b BAD [CLIENTBUG] …
      C: b2 UIDBATCHES 0
      S: b2 BAD Number must not be 0
      C: c UIDBATCHES 500 0:1
      S: c BAD [CLIENTBUG] …
      C: d UIDBATCHES
      S: d BAD Missing argument
      C: e UIDBATCHES abc
      S: e BAD Number expected
      C: f UIDBATCHES 500 10
      S: f BAD ":" expected
      C: g UIDBATCHES 500 1:*
      S: g BAD Number expected
    `);
  });

  it('has at least 500 messages a batch', async () => {
    await using usual = await startImapFixture();
    const client = await usual.login();
    await client.ok('SELECT INBOX');
    expect((await client.command('UIDBATCHES 499')).tagged).toMatch(/^NO \[TOOFEW\]/);
    await client.ok('UIDBATCHES 500');
  });
});
