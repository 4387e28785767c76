import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
let client: ImapTestClient;
let logins = 0;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

async function login(): Promise<void> {
  client = await server.login(`ids${++logins}`);
}

const objectId = /^[A-Za-z0-9_-]{1,255}$/;

async function statusId(mailbox: string): Promise<string> {
  const [line = ''] = await client.ok(`STATUS ${mailbox} (MAILBOXID)`);
  return /\(MAILBOXID \(([^)]*)\)\)$/.exec(line)![1]!;
}

async function fetched(set: string, item: string): Promise<string[]> {
  const lines = await client.ok(`UID FETCH ${set} ${item}`);
  return lines.map((line) => new RegExp(`${item} \\(([^)]*)\\)`).exec(line)![1]!);
}

describe('MAILBOXID', () => {
  it('is the same in CREATE, SELECT, EXAMINE, STATUS and LIST', async () => {
    await login();
    const { tagged } = await client.command('CREATE work');
    const id = /^OK \[MAILBOXID \(([^)]*)\)\]/.exec(tagged)![1]!;
    expect(id).toMatch(objectId);
    for (const command of ['SELECT work', 'EXAMINE work']) {
      expect(await client.ok(command)).toContainEqual(expect.stringContaining(`* OK [MAILBOXID (${id})]`));
    }
    expect(await statusId('work')).toBe(id);
    expect(await client.ok('LIST "" work RETURN (STATUS (MAILBOXID))')).toContain(
      `* STATUS "work" (MAILBOXID (${id}))`,
    );
    const [line] = await client.ok('CAPABILITY');
    expect(line).toMatch(/ OBJECTID /);
  });

  it('stays when the mailbox is renamed, and is new when it is made again', async () => {
    await login();
    await client.ok('CREATE a/b');
    const id = await statusId('a/b');
    await client.ok('RENAME a c');
    expect(await statusId('c/b')).toBe(id);
    await client.ok('DELETE c/b');
    await client.ok('CREATE c/b');
    expect(await statusId('c/b')).not.toBe(id);
  });

  it('of INBOX stays with INBOX when its messages move away', async () => {
    await login();
    const id = await statusId('INBOX');
    await client.ok('RENAME INBOX old');
    expect(await statusId('INBOX')).toBe(id);
    expect(await statusId('old')).not.toBe(id);
  });

  it('differs between all mailboxes of an account, and from those of one that was made again', async () => {
    await login();
    const name = `ids${logins}`;
    const ids = async (): Promise<string[]> => {
      const lines = await client.ok('LIST "" * RETURN (STATUS (MAILBOXID))');
      return lines.filter((line) => line.startsWith('* STATUS')).map((line) => /MAILBOXID \((.*?)\)/.exec(line)![1]!);
    };
    await client.append('INBOX', 'Subject: x\n\n');
    await client.ok('SELECT INBOX');
    const before = [...(await ids()), ...(await fetched('1', 'EMAILID')), ...(await fetched('1', 'THREADID'))];
    expect(new Set(before).size).toBe(before.length);
    await client.ok('LOGOUT');
    await expect
      .poll(() =>
        server.accounts.remove(name).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    client = await server.login(name);
    await client.append('INBOX', 'Subject: x\n\n');
    await client.ok('SELECT INBOX');
    const after = [...(await ids()), ...(await fetched('1', 'EMAILID')), ...(await fetched('1', 'THREADID'))];
    expect(after.length).toBe(before.length);
    expect(after.filter((id) => before.includes(id))).toEqual([]);
  });
});

describe('EMAILID', () => {
  it('stays with a message when it is copied and moved, and is no other message’s', async () => {
    await login();
    await client.append('INBOX', 'Subject: one\n\n');
    await client.append('INBOX', 'Subject: two\n\n');
    await client.ok('SELECT INBOX');
    const [one, two] = await fetched('1:2', 'EMAILID');
    expect(one).toMatch(objectId);
    expect(one).not.toBe(two);
    await client.ok('STORE 1 +FLAGS (\\Seen)');
    expect(await fetched('1', 'EMAILID')).toEqual([one]);
    await client.ok('COPY 1 Archive');
    await client.ok('MOVE 2 Archive');
    await client.ok('SELECT Archive');
    expect(await fetched('1:*', 'EMAILID')).toEqual([one, two]);
    expect(await client.ok(`SEARCH EMAILID ${two}`)).toEqual(['* SEARCH 2']);
    expect(await client.ok(`SEARCH NOT EMAILID ${two}`)).toEqual(['* SEARCH 1']);
    expect(await client.ok(`UID SEARCH OR EMAILID ${two} SUBJECT one`)).toEqual(['* SEARCH 1 2']);
    await client.ok('SELECT INBOX');
    expect(await client.ok(`SEARCH EMAILID ${two}`)).toEqual(['* SEARCH']);
    expect(await client.ok(`SEARCH EMAILID ${one}`)).toEqual(['* SEARCH 1']);
    expect(await client.ok('SEARCH EMAILID M1 ALL')).toEqual(['* SEARCH']);
    // Together with what has to be read, or not.
    expect(await client.ok('FETCH 1 (EMAILID UID FLAGS)')).toEqual([
      `* 1 FETCH (EMAILID (${one}) UID 1 FLAGS (\\Seen))`,
    ]);
    expect(await client.ok('FETCH 1 (EMAILID BODY[])')).toEqual([
      `* 1 FETCH (EMAILID (${one}) BODY[] {16}\r\nSubject: one\r\n\r\n)`,
    ]);
  });

  it('must be one where it is searched for', async () => {
    await login();
    await client.ok('SELECT INBOX');
    await client.play(`
      C: a SEARCH EMAILID
      S: a BAD …
      C: b SEARCH EMAILID "x"
      S: b BAD …
      C: c SEARCH THREADID x.y
      S: c BAD …
      C: d SEARCH THREADID ${'x'.repeat(256)}
      S: d BAD …
    `);
  });
});

describe('THREADID', () => {
  it('is the same of messages that answer each other', async () => {
    await login();
    await client.append('INBOX', 'Message-ID: <a@x>\nSubject: one\n\n');
    await client.append('INBOX', 'Message-ID: <b@x>\nIn-Reply-To: <a@x>\nSubject: re: one\n\n');
    await client.append('INBOX', 'Message-ID: <c@x>\nSubject: other\n\n');
    await client.ok('SELECT INBOX');
    const [one, two, three] = await fetched('1:3', 'THREADID');
    expect(one).toMatch(objectId);
    expect(two).toBe(one);
    expect(three).not.toBe(one);
    expect(await client.ok(`SEARCH THREADID ${one}`)).toEqual(['* SEARCH 1 2']);
    expect(await client.ok(`SEARCH THREADID ${three}`)).toEqual(['* SEARCH 3']);
    expect(await client.ok('SEARCH THREADID T99-1')).toEqual(['* SEARCH']);
  });

  it('does not change when threads turn out to be one, nor when they are found out again', async () => {
    await login();
    await client.append('INBOX', 'Message-ID: <a@x>\nSubject: one\n\n');
    await client.append('INBOX', 'Message-ID: <c@x>\nIn-Reply-To: <b@x>\nSubject: two\n\n');
    await client.ok('SELECT INBOX');
    const [one, three] = await fetched('1:2', 'THREADID');
    expect(three).not.toBe(one);
    await client.append('INBOX', 'Message-ID: <b@x>\nIn-Reply-To: <a@x>\nSubject: three\n\n');
    expect(await fetched('1:3', 'THREADID')).toEqual([one, three, one]);
    expect(await client.ok(`SEARCH THREADID ${one}`)).toEqual(['* SEARCH 1 3']);
    expect(await client.ok(`SEARCH THREADID ${three}`)).toEqual(['* SEARCH 2']);
    await using account = await server.accounts.open(`ids${logins}`);
    await account.repair('reassignthreads', {
      dryRun: false,
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    expect(await fetched('1:3', 'THREADID')).toEqual([one, three, one]);
  });
});
