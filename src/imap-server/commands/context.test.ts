import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';
import { limits } from '../../runtime/limits.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Two sessions on an inbox with messages of the subjects c, a and d, which have UIDs 2 to 4. */
async function start(login: string): Promise<{ client: ImapTestClient; other: ImapTestClient }> {
  const client = await server.login(login);
  const other = await server.login(login);
  for (const subject of ['x', 'c', 'a', 'd']) await client.append('INBOX', `Subject: ${subject}\n\n`);
  await client.ok('SELECT INBOX');
  await client.ok('STORE 1 +FLAGS (\\Deleted)');
  await client.ok('EXPUNGE');
  await other.ok('SELECT INBOX');
  return { client, other };
}

describe('an updating SEARCH', () => {
  it('tells what comes to match and what does not any more', async () => {
    const { client, other } = await start('search');
    await client.play(`
      C: b SEARCH RETURN (UPDATE COUNT) FLAGGED
      S: * ESEARCH (TAG "b") COUNT 0
      S: b OK Done
      C: u UID SEARCH RETURN (UPDATE CONTEXT ALL) UNSEEN
      S: * ESEARCH (TAG "u") UID ALL 2:4
      S: u OK Done
    `);
    await other.ok('STORE 1,3 +FLAGS (\\Flagged)');
    await other.ok('STORE 2 +FLAGS (\\Seen)');
    await other.append('INBOX', 'Subject: new\n\n', '(\\Flagged) ');
    await client.play(String.raw`
      C: c NOOP
      S: * 4 EXISTS
      S: * 3 RECENT
      S: * 1 FETCH (UID 2 FLAGS (\Flagged \Recent))
      S: * 2 FETCH (UID 3 FLAGS (\Seen \Recent))
      S: * 3 FETCH (UID 4 FLAGS (\Flagged \Recent))
      S: * ESEARCH (TAG "b") ADDTO (0 1,3:4)
      S: * ESEARCH (TAG "u") UID REMOVEFROM (0 3) ADDTO (0 5)
      S: c OK Done
    `);
  });

  it('tells what its own commands change, after the FETCH responses', async () => {
    const { client } = await start('own');
    await client.play(String.raw`
      C: u SEARCH RETURN (UPDATE) UNSEEN
      S: * ESEARCH (TAG "u")
      S: u OK Done
      C: a STORE 1:2 +FLAGS (\Seen)
      S: * 1 FETCH (FLAGS (\Seen \Recent))
      S: * 2 FETCH (FLAGS (\Seen \Recent))
      S: * ESEARCH (TAG "u") REMOVEFROM (0 1:2)
      S: a OK Done
      C: b STORE 2 -FLAGS.SILENT (\Seen)
      S: * ESEARCH (TAG "u") ADDTO (0 2)
      S: b OK Done
      C: c FETCH 3 BODY[]
      S: * 3 FETCH (FLAGS (\Seen \Recent) BODY[] {…}…)
      S: * ESEARCH (TAG "u") REMOVEFROM (0 3)
      S: c OK Done
      C: d STORE 2 +FLAGS.SILENT (\Flagged)
      S: d OK Done
    `);
  });

  it('tells what is gone by numbers that are valid still, also when EXPUNGE has to wait', async () => {
    const { client, other } = await start('gone');
    await client.ok('SEARCH RETURN (UPDATE) ALL');
    await client.ok('UID SEARCH RETURN (UPDATE) ALL');
    await other.ok('STORE 1,3 +FLAGS (\\Deleted)');
    await client.ok('NOOP');
    await other.ok('EXPUNGE');
    await client.play(`
      C: a FETCH 2 UID
      S: * 2 FETCH (UID 3)
      S: * ESEARCH (TAG "…") REMOVEFROM (0 1,3)
      S: * ESEARCH (TAG "…") UID REMOVEFROM (0 2,4)
      S: a OK Done
      C: b NOOP
      S: * 1 EXPUNGE
      S: * 2 EXPUNGE
      S: b OK Done
    `);
    await client.ok('UID STORE 3 +FLAGS.SILENT (\\Deleted)');
    await client.play(`
      C: c EXPUNGE
      S: * ESEARCH (TAG "…") REMOVEFROM (0 1)
      S: * ESEARCH (TAG "…") UID REMOVEFROM (0 3)
      S: * 1 EXPUNGE
      S: c OK Done
    `);
  });

  it('goes on in IDLE', async () => {
    const { client, other } = await start('idle');
    await client.play(`
      C: u UID SEARCH RETURN (UPDATE COUNT) SUBJECT new
      S: * ESEARCH (TAG "u") UID COUNT 0
      S: u OK Done
      C: a IDLE
      S: + idling
    `);
    await other.append('INBOX', 'Subject: old\n\n');
    await client.expect('* 4 EXISTS');
    await client.expect('* 3 RECENT');
    await other.append('INBOX', 'Subject: newer\n\n');
    await client.play('S: * 5 EXISTS\nS: * 3 RECENT\nS: * ESEARCH (TAG "u") UID ADDTO (0 6)\nC: DONE\nS: a OK Done');
  });

  it('takes message numbers for the messages that had them', async () => {
    const { client, other } = await start('numbers');
    await client.ok('UID SEARCH RETURN (SAVE) UID 4');
    await client.play(`
      C: n UID SEARCH RETURN (UPDATE ALL) 1:* UNFLAGGED
      S: * ESEARCH (TAG "n") UID ALL 2:4
      S: n OK Done
      C: s UID SEARCH RETURN (UPDATE ALL) $ UNFLAGGED
      S: * ESEARCH (TAG "s") UID ALL 4
      S: s OK Done
      C: u UID SEARCH RETURN (UPDATE ALL) UID 3:* UNFLAGGED
      S: * ESEARCH (TAG "u") UID ALL 3:4
      S: u OK Done
    `);
    await client.ok('UID SEARCH RETURN (SAVE) UID 2');
    await client.ok('UID STORE 2 +FLAGS.SILENT (\\Deleted)');
    await client.play('C: e EXPUNGE\nS: * ESEARCH (TAG "n") UID REMOVEFROM (0 2)\nS: * 1 EXPUNGE\nS: e OK Done');
    await other.append('INBOX', 'Subject: new\n\n');
    await client.play('C: a NOOP\nS: * 3 EXISTS\nS: * 2 RECENT\nS: * ESEARCH (TAG "u") UID ADDTO (0 5)\nS: a OK Done');
    await other.ok('UID STORE 4:5 +FLAGS (\\Flagged)');
    await client.play(String.raw`
      C: b NOOP
      S: * 2 FETCH (UID 4 FLAGS (\Flagged \Recent))
      S: * 3 FETCH (UID 5 FLAGS (\Flagged))
      S: * ESEARCH (TAG "n") UID REMOVEFROM (0 4)
      S: * ESEARCH (TAG "s") UID REMOVEFROM (0 4)
      S: * ESEARCH (TAG "u") UID REMOVEFROM (0 4:5)
      S: b OK Done
    `);
  });

  it('says when it cannot be kept up to date', async () => {
    const { client } = await start('refused');
    for (const keys of ['YOUNGER 100', 'NOT OLDER 100', 'UID 5:*', 'OR UID * SEEN']) {
      const { untagged, tagged } = await client.command(`UID SEARCH RETURN (UPDATE COUNT) ${keys}`);
      expect(untagged[0]).toMatch(/^\* ESEARCH \(TAG "t\d+"\) UID COUNT \d+$/);
      expect(untagged[1]).toMatch(/^\* NO \[NOUPDATE "t\d+"\] /);
      expect(tagged).toBe('OK Done');
    }
    for (let number = 0; number < limits.imapUpdatingSearches; number++) {
      expect(await client.ok('SEARCH RETURN (UPDATE COUNT) ALL')).toHaveLength(1);
    }
    await client.play(`
      C: b SORT RETURN (UPDATE COUNT) (DATE) UTF-8 ALL
      S: * ESEARCH (TAG "b") COUNT 3
      S: * NO [NOUPDATE "b"] …
      S: b OK Done
    `);
  });

  it('ends when it is cancelled or the mailbox is left', async () => {
    const { client, other } = await start('cancelled');
    await client.play(`
      C: u SEARCH RETURN (UPDATE COUNT) FLAGGED
      S: * ESEARCH (TAG "u") COUNT 0
      S: u OK Done
      C: v SEARCH RETURN (UPDATE COUNT) FLAGGED
      S: * ESEARCH (TAG "v") COUNT 0
      S: v OK Done
      C: u SORT RETURN (UPDATE COUNT) (DATE) UTF-8 FLAGGED
      S: u BAD Tag reuse
      C: u SEARCH RETURN (UPDATE COUNT) FLAGGED
      S: u BAD Tag reuse
      C: a CANCELUPDATE "u" "w"
      S: a BAD …
      C: b CANCELUPDATE "u"
      S: b OK Done
      C: c CANCELUPDATE "u"
      S: c BAD …
      C: d CANCELUPDATE
      S: d BAD …
    `);
    await other.ok('STORE 1 +FLAGS (\\Flagged)');
    await client.play(String.raw`
      C: e NOOP
      S: * 1 FETCH (UID 2 FLAGS (\Flagged \Recent))
      S: * ESEARCH (TAG "v") ADDTO (0 1)
      S: e OK Done
    `);
    await client.ok('SELECT INBOX');
    await other.ok('STORE 2 +FLAGS (\\Flagged)');
    await client.play(String.raw`
      C: f NOOP
      S: * 2 FETCH (UID 3 FLAGS (\Flagged))
      S: f OK Done
      C: v SEARCH RETURN (UPDATE COUNT) FLAGGED
      S: * ESEARCH (TAG "v") COUNT 2
      S: v OK Done
    `);
  });

  it('has no state without a mailbox', async () => {
    const client = await server.login('nothing');
    await client.play('C: a CANCELUPDATE "b"\nS: a BAD …');
  });
});

describe('an updating SORT', () => {
  it('tells the places', async () => {
    const { client, other } = await start('sort');
    await client.play(`
      C: u UID SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 UNSEEN
      S: * ESEARCH (TAG "u") UID ALL 3,2,4
      S: u OK Done
      C: n SORT RETURN (UPDATE ALL) (REVERSE SUBJECT) UTF-8 UNSEEN
      S: * ESEARCH (TAG "n") ALL 3,1:2
      S: n OK Done
    `);
    for (const subject of ['b', 'bb', 'z']) await other.append('INBOX', `Subject: ${subject}\n\n`);
    await client.play(`
      C: a NOOP
      S: * 6 EXISTS
      S: * 3 RECENT
      S: * ESEARCH (TAG "u") UID ADDTO (2 5:6 6 7)
      S: * ESEARCH (TAG "n") ADDTO (1 6 4 5,4)
      S: a OK Done
    `);
    // a b bb c d z, of which b, bb and z go.
    await other.ok('UID STORE 5:7 +FLAGS.SILENT (\\Seen)');
    await client.play(String.raw`
      C: b NOOP
      S: * 4 FETCH (UID 5 FLAGS (\Seen))
      S: * 5 FETCH (UID 6 FLAGS (\Seen))
      S: * 6 FETCH (UID 7 FLAGS (\Seen))
      S: * ESEARCH (TAG "u") UID REMOVEFROM (2 5:6 4 7)
      S: * ESEARCH (TAG "n") REMOVEFROM (1 6 3 5,4)
      S: b OK Done
    `);
  });
});
