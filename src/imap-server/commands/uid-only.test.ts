import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

/** UIDs 2, 3 and 4 in the inbox. */
async function start(login: string): Promise<ImapTestClient> {
  const client = await server.login(login);
  for (const subject of ['a', 'b', 'c', 'd']) await client.append('INBOX', `Subject: ${subject}\n\nbody`);
  await client.ok('SELECT INBOX');
  await client.ok('UID STORE 1 +FLAGS (\\Deleted)');
  await client.ok('EXPUNGE');
  return client;
}

describe('UIDONLY', () => {
  it('is a capability that is enabled', async () => {
    const client = await start('enable');
    expect((await client.ok('CAPABILITY'))[0]).toMatch(/ UIDONLY /);
    await client.play('C: a ENABLE UIDONLY\nS: * ENABLED UIDONLY\nS: a OK Done');
  });

  it('answers FETCH and STORE by UID', async () => {
    const client = await start('answers');
    await client.ok('ENABLE UIDONLY');
    await client.play(String.raw`
      C: a UID FETCH 2:* FLAGS
      S: * 2 UIDFETCH (FLAGS (\Recent))
      S: * 3 UIDFETCH (FLAGS (\Recent))
      S: * 4 UIDFETCH (FLAGS (\Recent))
      S: a OK Done
      C: b UID FETCH 3 (UID RFC822.SIZE)
      S: * 3 UIDFETCH (UID 3 RFC822.SIZE …)
      S: b OK Done
      C: c UID FETCH 3 BODY.PEEK[TEXT]
      S: * 3 UIDFETCH (BODY[TEXT] {4}\r\nbody)
      S: c OK Done
      C: d UID FETCH 3 BODY[]
      S: * 3 UIDFETCH (FLAGS (\Seen \Recent) BODY[] {…}…)
      S: d OK Done
      C: e UID FETCH 4 BODY.PEEK[]
      S: * 4 UIDFETCH (BODY[] {…}…)
      S: e OK Done
      C: f UID STORE 4 +FLAGS (\Flagged)
      S: * 4 UIDFETCH (FLAGS (\Flagged \Recent))
      S: f OK Done
      C: g UID FETCH 2:* FLAGS (PARTIAL -1:-1)
      S: * 4 UIDFETCH (FLAGS (\Flagged \Recent))
      S: g OK Done
    `);
  });

  it.each([
    'FETCH 1 FLAGS',
    'UID SEARCH FUZZY 1',
    'UID SORT (SIZE) UTF-8 FUZZY (SUBJECT a 1:2)',
    'STORE 1 +FLAGS (\\Seen)',
    'SEARCH ALL',
    'SEARCH UID 2',
    'SORT (DATE) UTF-8 ALL',
    'COPY 1 Sent',
    'MOVE 1 Sent',
    'UID SEARCH 1',
    'UID SEARCH 1:*',
    'UID SEARCH NOT (OR SEEN 2:3)',
    'UID SORT (DATE) UTF-8 1:2',
    'THREAD REFERENCES UTF-8 ALL',
    'UID THREAD REFERENCES UTF-8 1:2',
  ])('refuses %s', async (command) => {
    const client = await start('refuses');
    await client.ok('ENABLE UIDONLY');
    expect((await client.command(command)).tagged).toMatch(/^BAD \[UIDREQUIRED\] /);
  });

  it('refuses REPLACE, and takes nothing of its message for commands', async () => {
    const client = await start('replace');
    await client.ok('ENABLE UIDONLY');
    client.send('a REPLACE 1 INBOX {10+}\r\nb LOGOUT\r\n\r\n');
    await client.play('S: a BAD [UIDREQUIRED] …\nC: c NOOP\nS: c OK Done');
    client.send('d UID REPLACE 2 INBOX {10+}\r\nb LOGOUT\r\n\r\n');
    await client.play(`
      S: * OK [APPENDUID …] …
      S: * VANISHED 2
      S: * 3 EXISTS
      S: * 3 RECENT
      S: d OK Replaced
    `);
  });

  it('takes all that names messages by UID', async () => {
    const client = await start('takes');
    await client.ok('ENABLE UIDONLY');
    await client.play(String.raw`
      C: a UID SEARCH RETURN (SAVE COUNT) UID 2:3
      S: * ESEARCH (TAG "a") UID COUNT 2
      S: a OK Done
      C: b UID SEARCH $
      S: * SEARCH 2 3
      S: b OK Done
      C: c UID SORT (REVERSE SUBJECT) UTF-8 ALL
      S: * SORT 4 3 2
      S: c OK Done
      C: d UID COPY 2 Sent
      S: d OK [COPYUID … 2 1] Copied
      C: e UID MOVE 2 Sent
      S: * OK [COPYUID … 2 2] Moved
      S: * VANISHED 2
      S: e OK Moved
      C: f UID STORE 3 +FLAGS.SILENT (\Deleted)
      S: f OK Done
      C: g EXPUNGE
      S: * VANISHED 3
      S: g OK Done
      C: h UNSELECT
      S: h OK Done
    `);
  });

  it('tells what others do by UID', async () => {
    const client = await start('others');
    const other = await server.login('others');
    await other.ok('SELECT INBOX');
    await client.ok('ENABLE UIDONLY');
    await other.ok('STORE 1 +FLAGS (\\Flagged)');
    await client.play(String.raw`
      C: a NOOP
      S: * 2 UIDFETCH (FLAGS (\Flagged \Recent))
      S: a OK Done
      C: b IDLE
      S: + idling
    `);
    await other.append('INBOX', 'Subject: e\n\n');
    await client.play('S: * 4 EXISTS\nS: * 3 RECENT');
    await other.ok('UID STORE 2:3 +FLAGS.SILENT (\\Deleted)');
    await client.expect('* 2 UIDFETCH (FLAGS (\\Flagged \\Deleted \\Recent))');
    await client.expect('* 3 UIDFETCH (FLAGS (\\Deleted \\Recent))');
    await other.ok('EXPUNGE');
    await client.play('S: * VANISHED 2:3\nC: DONE\nS: b OK Done');
  });

  it('tells in the form of before what was removed before', async () => {
    const client = await start('before');
    const other = await server.login('before');
    await other.ok('SELECT INBOX');
    await other.ok('UID STORE 3 +FLAGS (\\Deleted)');
    await other.ok('EXPUNGE');
    await client.play('C: a ENABLE UIDONLY\nS: * 2 EXPUNGE\nS: * ENABLED UIDONLY\nS: a OK Done');
  });

  it('ends updates that are message numbers', async () => {
    const client = await start('updates');
    await client.play(String.raw`
      C: n SEARCH RETURN (UPDATE COUNT) UNSEEN
      S: * ESEARCH (TAG "n") COUNT 3
      S: n OK Done
      C: u UID SEARCH RETURN (UPDATE COUNT) UNSEEN
      S: * ESEARCH (TAG "u") UID COUNT 3
      S: u OK Done
      C: a ENABLE UIDONLY
      S: * NO [NOUPDATE "n"] …
      S: * ENABLED UIDONLY
      S: a OK Done
      C: b UID STORE 3 +FLAGS (\Seen)
      S: * 3 UIDFETCH (FLAGS (\Seen \Recent))
      S: * ESEARCH (TAG "u") UID REMOVEFROM (0 3)
      S: b OK Done
    `);
  });

  it('selects without message numbers', async () => {
    const client = await start('selects');
    await client.ok('ENABLE UIDONLY');
    expect((await client.ok('SELECT INBOX')).filter((line) => line.includes('UNSEEN'))).toEqual([]);
    await client.ok('ENABLE QRESYNC');
    await client.ok('UID STORE 3 +FLAGS (\\Seen)');
    const uidValidity = /UIDVALIDITY (\d+)/.exec((await client.ok('SELECT INBOX')).join(' '))?.[1];
    const lines = await client.ok(`SELECT INBOX (QRESYNC (${uidValidity} 1 1:4))`);
    expect(lines.filter((line) => line.includes('FETCH'))[1]).toMatch(
      /^\* 3 UIDFETCH \(FLAGS \(\\Seen\) MODSEQ \(\d+\)\)$/,
    );
    const refused = await client.command(`SELECT INBOX (QRESYNC (${uidValidity} 1 1:4 (1 2)))`);
    expect(refused.tagged).toMatch(/^BAD \[UIDREQUIRED\] /);
  });

  it('ends with the login', async () => {
    const client = await start('ends');
    await client.ok('ENABLE UIDONLY');
    await client.ok('UNAUTHENTICATE');
    await client.ok('LOGIN ends secret');
    await client.ok('SELECT INBOX');
    expect(await client.ok('FETCH 1 UID')).toEqual(['* 1 FETCH (UID 2)']);
  });
});
