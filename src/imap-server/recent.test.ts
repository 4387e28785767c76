import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

/** A client of an account with so many messages, none of which anybody was told of. */
async function start(login: string, messages: number): Promise<ImapTestClient> {
  const client = await server.login(login);
  for (let number = 1; number <= messages; number++) await client.append('INBOX', `Subject: ${number}\n\n`);
  return client;
}

async function recentOf(client: ImapTestClient, command: string): Promise<string | undefined> {
  return (await client.ok(command)).find((line) => line.endsWith(' RECENT'));
}

describe('\\Recent (RFC 3501 §2.3.2)', () => {
  it('is for the first session that selects the mailbox, as long as it does', async () => {
    const first = await start('select', 2);
    const second = await server.login('select');
    expect(await recentOf(first, 'SELECT INBOX')).toBe('* 2 RECENT');
    expect(await recentOf(second, 'SELECT INBOX')).toBe('* 0 RECENT');
    expect(await first.ok('FETCH 1:2 FLAGS')).toEqual(['* 1 FETCH (FLAGS (\\Recent))', '* 2 FETCH (FLAGS (\\Recent))']);
    expect(await second.ok('FETCH 1 FLAGS')).toEqual(['* 1 FETCH (FLAGS ())']);
    expect(await second.ok('SEARCH RECENT')).toEqual(['* SEARCH']);
    expect(await second.ok('SEARCH OLD')).toEqual(['* SEARCH 1 2']);
    await first.play(String.raw`
      C: a STORE 1 FLAGS (\Seen)
      S: * 1 FETCH (FLAGS (\Seen \Recent))
      S: a OK Done
      C: b FETCH 1 (FLAGS INTERNALDATE)
      S: * 1 FETCH (FLAGS (\Seen \Recent) INTERNALDATE …)
      S: b OK Done
      C: c FETCH 2 BODY[TEXT]
      S: * 2 FETCH (FLAGS (\Seen \Recent) BODY[TEXT] {0}\r\n)
      S: c OK Done
    `);
    await second.play(String.raw`
      C: a NOOP
      S: * 1 FETCH (UID 1 FLAGS (\Seen))
      S: * 2 FETCH (UID 2 FLAGS (\Seen))
      S: a OK Done
    `);
    // Who selects it again finds nothing new.
    expect(await recentOf(first, 'SELECT INBOX')).toBe('* 0 RECENT');
    expect(await first.ok('FETCH 1 FLAGS')).toEqual(['* 1 FETCH (FLAGS (\\Seen))']);
  });

  it('is for the first that is told of what comes, be it its own', async () => {
    const one = await start('coming', 1);
    const two = await server.login('coming');
    await one.ok('SELECT INBOX');
    await two.ok('SELECT INBOX');
    await (await server.login('coming')).append('INBOX', 'Subject: 2\n\n');
    await two.play('C: a NOOP\nS: * 2 EXISTS\nS: * 1 RECENT\nS: a OK Done');
    await one.play('C: a NOOP\nS: * 2 EXISTS\nS: * 1 RECENT\nS: a OK Done');
    await one.append('INBOX', 'Subject: 3\n\n');
    await two.play('C: b NOOP\nS: * 3 EXISTS\nS: * 1 RECENT\nS: b OK Done');
    await two.play('C: c COPY 1 INBOX\nS: * 4 EXISTS\nS: * 2 RECENT\nS: c OK …');
    expect(await one.ok('SEARCH RECENT')).toEqual(['* SEARCH 1 3', '* 4 EXISTS', '* 2 RECENT']);
    expect(await two.ok('SEARCH RECENT')).toEqual(['* SEARCH 2 4']);
    expect(await two.ok('SEARCH OLD')).toEqual(['* SEARCH 1 3']);
    expect(await one.ok('SEARCH NEW 1:2')).toEqual(['* SEARCH 1']);
  });

  it('is seen by EXAMINE and STATUS, which take it from nobody', async () => {
    const client = await start('examine', 2);
    const other = await server.login('examine');
    const status = async (): Promise<string | undefined> => (await other.ok('STATUS INBOX (RECENT)'))[0];
    expect(await status()).toBe('* STATUS "INBOX" (RECENT 2)');
    expect(await recentOf(client, 'EXAMINE INBOX')).toBe('* 2 RECENT');
    expect(await client.ok('FETCH 2 FLAGS')).toEqual(['* 2 FETCH (FLAGS (\\Recent))']);
    await other.append('INBOX', 'Subject: 3\n\n');
    await client.play('C: a NOOP\nS: * 3 EXISTS\nS: * 3 RECENT\nS: a OK Done');
    expect((await client.ok('STATUS INBOX (RECENT)'))[0]).toBe('* STATUS "INBOX" (RECENT 3)');
    expect(await other.ok('LIST "" INBOX RETURN (STATUS (RECENT))')).toContain('* STATUS "INBOX" (RECENT 3)');
    expect(await recentOf(other, 'SELECT INBOX')).toBe('* 3 RECENT');
    // RFC 3501 §6.3.10: of the mailbox that is selected it is the session's.
    expect(await status()).toBe('* STATUS "INBOX" (RECENT 3)');
    expect((await (await server.login('examine')).ok('STATUS INBOX (RECENT)'))[0]).toBe('* STATUS "INBOX" (RECENT 0)');
    // What it was shown it keeps.
    expect(await client.ok('SEARCH RECENT')).toEqual(['* SEARCH 1 2 3']);
    await client.append('INBOX', 'Subject: 4\n\n');
    await other.ok('NOOP');
    expect(await recentOf(client, 'EXAMINE INBOX')).toBe('* 0 RECENT');
  });

  it('is nothing in IMAP4rev2, which does not take it from others', async () => {
    const client = await start('rev2', 2);
    await client.ok('ENABLE IMAP4rev2');
    expect(await recentOf(client, 'SELECT INBOX')).toBeUndefined();
    expect(await client.ok('FETCH 1 FLAGS')).toEqual(['* 1 FETCH (FLAGS ())']);
    expect((await client.ok('STATUS INBOX (RECENT)'))[0]).toBe('* STATUS "INBOX" (RECENT 0)');
    await client.append('INBOX', 'Subject: 3\n\n');
    const old = await server.login('rev2');
    expect(await recentOf(old, 'SELECT INBOX')).toBe('* 3 RECENT');
    await old.ok('ENABLE IMAP4rev2');
    expect(await old.ok('FETCH 1:2 (FLAGS)')).toEqual(['* 1 FETCH (FLAGS ())', '* 2 FETCH (FLAGS ())']);
    await client.append('INBOX', 'Subject: 4\n\n');
    await old.play('C: a NOOP\nS: * 4 EXISTS\nS: a OK Done');
  });

  it('goes along in QRESYNC, and in FETCH responses that NOTIFY makes', async () => {
    const client = await start('resync', 1);
    await client.ok('ENABLE QRESYNC');
    const selected = (await client.ok('SELECT INBOX')).join('\n');
    const [, uidValidity] = /UIDVALIDITY (\d+)/.exec(selected) ?? [];
    const [, modseq] = /HIGHESTMODSEQ (\d+)/.exec(selected) ?? [];
    await client.ok('UNSELECT');
    await client.append('INBOX', 'Subject: 2\n\n');
    const again = await client.ok(`SELECT INBOX (QRESYNC (${uidValidity} ${modseq}))`);
    expect(again).toContain('* 1 RECENT');
    expect(again.at(-1)).toMatch(/^\* 2 FETCH \(UID 2 FLAGS \(\\Recent\) MODSEQ \(\d+\)\)$/);
    await client.ok('NOTIFY SET (SELECTED (MessageNew (FLAGS) MessageExpunge))');
    await (await server.login('resync')).append('INBOX', 'Subject: 3\n\n');
    await client.play('S: * 3 EXISTS\nS: * 2 RECENT\nS: * 3 FETCH (UID 3 FLAGS (\\Recent))');
  });

  it('is what messages have in another mailbox when they are copied there, or Inbox is renamed', async () => {
    const client = await start('elsewhere', 2);
    await client.ok('SELECT INBOX');
    await client.ok('COPY 1 Drafts');
    expect(await client.ok('STATUS Drafts (RECENT)')).toEqual(['* STATUS "Drafts" (RECENT 1)']);
    await client.ok('RENAME INBOX Old');
    expect(await client.ok('STATUS Old (RECENT)')).toEqual(['* STATUS "Old" (RECENT 2)']);
    expect(await recentOf(client, 'SELECT Old')).toBe('* 2 RECENT');
  });
});
