import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Two sessions with the same messages selected. */
async function pair(login: string, count: number): Promise<[ImapTestClient, ImapTestClient]> {
  const first = await server.login(login);
  const second = await server.login(login);
  for (let number = 1; number <= count; number++) await first.append('INBOX', `Subject: ${number}\n\nBody ${number}\n`);
  await first.ok('SELECT INBOX');
  await second.ok('SELECT INBOX');
  return [first, second];
}

async function remove(client: ImapTestClient, numbers: string): Promise<void> {
  await client.ok(`STORE ${numbers} +FLAGS.SILENT (\\Deleted)`);
  await client.ok('EXPUNGE');
}

describe('what others do', () => {
  it('takes no number from a message in the answers to FETCH, STORE and SEARCH', async () => {
    const [first, second] = await pair('numbers', 4);
    await remove(first, '2');
    await second.play(String.raw`
      C: a FETCH 3 UID
      S: * 3 FETCH (UID 3)
      S: a OK Done
      C: b STORE 4 +FLAGS (\Seen)
      S: * 4 FETCH (FLAGS (\Seen))
      S: b OK Done
      C: c SEARCH ALL
      S: * SEARCH 1 3 4
      S: c OK [EXPUNGEISSUED] Done
      C: d FETCH 2 (UID BODY.PEEK[TEXT])
      S: * 2 FETCH (UID 2 BODY[TEXT] {8}\r\nBody 2\r\n)
      S: d OK Done
      C: e UID FETCH 4 UID
      S: * 4 FETCH (UID 4)
      S: * 2 EXPUNGE
      S: e OK Done
      C: f FETCH 1:* UID
      S: * 1 FETCH (UID 1)
      S: * 2 FETCH (UID 3)
      S: * 3 FETCH (UID 4)
      S: f OK Done
    `);
  });

  it('leaves a message readable as long as somebody has not been told that it is gone', async () => {
    const [first, second] = await pair('readable', 2);
    await remove(first, '1:2');
    await first.ok('NOOP');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await second.play(String.raw`
      C: a FETCH 1:2 (BODY.PEEK[TEXT])
      S: * 1 FETCH (BODY[TEXT] {8}\r\nBody 1\r\n)
      S: * 2 FETCH (BODY[TEXT] {8}\r\nBody 2\r\n)
      S: a OK Done
      C: b NOOP
      S: * 1 EXPUNGE
      S: * 1 EXPUNGE
      S: b OK Done
    `);
  });

  it('is told between commands only when the client asks', async () => {
    const [first, second] = await pair('silence', 1);
    await first.append('INBOX', 'Subject: new\n\n');
    await first.ok('STORE 1 +FLAGS (\\Flagged)');
    expect(await second.silent(100)).toBe(true);
    await second.play(String.raw`
      C: a NOOP
      S: * 2 EXISTS
      S: * 0 RECENT
      S: * 1 FETCH (UID 1 FLAGS (\Flagged))
      S: a OK Done
      C: b NOOP
      S: b OK Done
    `);
  });

  it('is told of a new message before it is told of its flags', async () => {
    const [first, second] = await pair('new', 1);
    await first.append('INBOX', 'Subject: new\n\n');
    await first.ok('STORE 2 +FLAGS (\\Flagged)');
    await second.play(String.raw`
      C: a UID FETCH 1:* FLAGS
      S: * 1 FETCH (UID 1 FLAGS ())
      S: * 2 EXISTS
      S: * 0 RECENT
      S: a OK Done
      C: b FETCH 2 FLAGS
      S: * 2 FETCH (FLAGS (\Flagged))
      S: b OK Done
    `);
  });

  it('is not told of a message that came and went', async () => {
    const [first, second] = await pair('came-and-went', 1);
    await first.append('INBOX', 'Subject: new\n\n');
    await remove(first, '2');
    await second.play('C: a NOOP\nS: a OK Done');
  });

  it('is told once: not what the client did itself', async () => {
    const [first, second] = await pair('own', 3);
    await first.play(String.raw`
      C: a STORE 1:2 +FLAGS.SILENT (\Seen)
      S: a OK Done
      C: b NOOP
      S: b OK Done
    `);
    await second.ok('STORE 3 +FLAGS.SILENT (\\Answered)');
    await first.play(String.raw`
      C: c STORE 2:3 +FLAGS (\Flagged)
      S: * 2 FETCH (FLAGS (\Seen \Flagged \Recent))
      S: * 3 FETCH (FLAGS (\Answered \Flagged \Recent))
      S: c OK Done
      C: d NOOP
      S: d OK Done
    `);
  });

  it('is told although the client asked for silence', async () => {
    const [first, second] = await pair('silent', 3);
    await second.ok('STORE 1:2 +FLAGS.SILENT (\\Answered)');
    await first.play(String.raw`
      C: a STORE 1 +FLAGS.SILENT (\Seen)
      S: * 1 FETCH (UID 1 FLAGS (\Seen \Answered \Recent))
      S: * 2 FETCH (UID 2 FLAGS (\Answered \Recent))
      S: a OK Done
    `);
  });

  it('is told also when the own command has changed nothing', async () => {
    const [first, second] = await pair('nothing', 2);
    await second.ok('STORE 1:2 +FLAGS.SILENT (\\Seen)');
    await first.play(String.raw`
      C: a STORE 1 +FLAGS (\Seen)
      S: * 1 FETCH (FLAGS (\Seen \Recent))
      S: * 2 FETCH (UID 2 FLAGS (\Seen \Recent))
      S: a OK Done
    `);
  });

  it('is told in numbers that fit together when much happens at once', async () => {
    const [first, second] = await pair('much', 6);
    await remove(first, '2,4');
    await first.append('INBOX', 'Subject: 7\n\n');
    await first.ok('UID STORE 6 +FLAGS.SILENT (\\Flagged)');
    await second.play(String.raw`
      C: a NOOP
      S: * 2 EXPUNGE
      S: * 3 EXPUNGE
      S: * 5 EXISTS
      S: * 0 RECENT
      S: * 4 FETCH (UID 6 FLAGS (\Flagged))
      S: a OK Done
      C: b FETCH 1:* UID
      S: * 1 FETCH (UID 1)
      S: * 2 FETCH (UID 3)
      S: * 3 FETCH (UID 5)
      S: * 4 FETCH (UID 6)
      S: * 5 FETCH (UID 7)
      S: b OK Done
    `);
  });

  it('tells keywords before they are used', async () => {
    const [first, second] = await pair('keywords', 1);
    await first.ok('STORE 1 +FLAGS (purple)');
    await second.play(String.raw`
      C: a NOOP
      S: * FLAGS (… purple)
      S: * OK [PERMANENTFLAGS (… purple \*)] Flags
      S: * 1 FETCH (UID 1 FLAGS (purple))
      S: a OK Done
      C: b FETCH 1 FLAGS
      S: * 1 FETCH (FLAGS (purple))
      S: b OK Done
    `);
  });

  it('ends the session when all UIDs become void', async () => {
    const [first] = await pair('void', 1);
    await using account = await server.accounts.open('void');
    await account.mailboxes.bumpUidValidity('Inbox');
    await first.play('C: a NOOP\nS: * BYE …\nS: <closed>');
  });
});

describe('commands sent without waiting', () => {
  it('are done in order', async () => {
    const [first] = await pair('pipeline', 2);
    first.send(
      [
        'a STORE 1 +FLAGS (\\Deleted)',
        'b FETCH 1 FLAGS',
        'c EXPUNGE',
        'd FETCH 1 UID',
        'e APPEND INBOX {5+}',
        'a:b\r\n',
        'f FETCH 2 UID',
        'g NOOP',
        '',
      ].join('\r\n'),
    );
    await first.play(String.raw`
      S: * 1 FETCH (FLAGS (\Deleted \Recent))
      S: a OK Done
      S: * 1 FETCH (FLAGS (\Deleted \Recent))
      S: b OK Done
      S: * 1 EXPUNGE
      S: c OK Done
      S: * 1 FETCH (UID 2)
      S: d OK Done
      S: * 2 EXISTS
      S: * 2 RECENT
      S: e OK [APPENDUID … 3] Added
      S: * 2 FETCH (UID 3)
      S: f OK Done
      S: g OK Done
    `);
  });
});
