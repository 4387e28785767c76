import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ImapTestClient } from '../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';
import { ChangeReader } from '../store/messages/change-reader.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

interface Known {
  uidValidity: number;
  modseq: number;
}

async function fill(client: ImapTestClient, count: number): Promise<Known> {
  for (let number = 1; number <= count; number++) await client.append('INBOX', `Subject: ${number}\n\nBody\n`);
  const lines = (await client.ok('SELECT INBOX')).join('\n');
  return {
    uidValidity: Number(/UIDVALIDITY (\d+)/.exec(lines)?.[1]),
    modseq: Number(/HIGHESTMODSEQ (\d+)/.exec(lines)?.[1]),
  };
}

/** What a client is told that comes back and says what it knows. */
async function comeBack(login: string, parameters: string): Promise<string[]> {
  const client = await server.login(login);
  await client.ok('ENABLE QRESYNC');
  const lines = await client.ok(`SELECT INBOX (QRESYNC (${parameters}))`);
  return lines.filter((line) => /VANISHED|FETCH/.test(line));
}

describe('QRESYNC', () => {
  it('tells a client that comes back what is gone and what has changed', async () => {
    const client = await server.login('back');
    const { uidValidity, modseq } = await fill(client, 6);
    expect(await comeBack('back', `${uidValidity} ${modseq}`)).toEqual([]);
    await client.ok('STORE 2,4 +FLAGS.SILENT (\\Deleted)');
    await client.ok('EXPUNGE');
    await client.ok('UID STORE 6 +FLAGS.SILENT (\\Seen)');
    await client.append('INBOX', 'Subject: 7\n\n');
    await client.append('INBOX', 'Subject: 8\n\n', '(\\Deleted) ');
    await client.ok('EXPUNGE');
    const flags = `* 4 FETCH (UID 6 FLAGS (\\Seen) MODSEQ (${modseq + 3}))`;
    const added = `* 5 FETCH (UID 7 FLAGS () MODSEQ (${modseq + 4}))`;
    expect(await comeBack('back', `${uidValidity} ${modseq}`)).toEqual(['* VANISHED (EARLIER) 2,4,8', flags, added]);
    expect(await comeBack('back', `${uidValidity} ${modseq} 1:3`)).toEqual(['* VANISHED (EARLIER) 2']);
    expect(await comeBack('back', `${uidValidity} ${modseq} 4:6`)).toEqual(['* VANISHED (EARLIER) 4', flags]);
    // Message 2 had been UID 2 and is UID 3 now: up to message 1 nothing can be gone.
    expect(await comeBack('back', `${uidValidity} ${modseq} 1:6 (1,2 1,2)`)).toEqual([
      '* VANISHED (EARLIER) 2,4',
      flags,
    ]);
    expect(await comeBack('back', `${uidValidity} ${modseq} (1,2 1,3)`)).toEqual([
      '* VANISHED (EARLIER) 4,8',
      flags,
      added,
    ]);
    expect(await comeBack('back', `${uidValidity} 0 1:6`)).toEqual(await comeBack('back', `${uidValidity} 1 1:6`));
    // Another UIDVALIDITY: nothing that the client knows is worth anything.
    expect(await comeBack('back', `${uidValidity + 1} ${modseq}`)).toEqual([]);
  });

  it('tells of a message that came after the MODSEQ the client names, and that it may have seen', async () => {
    const client = await server.login('ghost');
    const { uidValidity, modseq } = await fill(client, 1);
    const other = await server.login('ghost');
    await other.append('INBOX', 'Subject: 2\n\n');
    // EXISTS says no MODSEQ: the client has nothing but the one of SELECT to come back with.
    expect(await client.ok('NOOP')).toEqual(['* 2 EXISTS', '* 2 RECENT']);
    await other.play(String.raw`
      C: a SELECT INBOX
      S: * FLAGS …
      S: * OK [PERMANENTFLAGS …
      S: * 2 EXISTS
      S: * 0 RECENT
      S: * OK [UNSEEN 1] …
      S: * OK [UIDVALIDITY …
      S: * OK [UIDNEXT 3] …
      S: * OK [HIGHESTMODSEQ …
      S: * OK [MAILBOXID (…)] …
      S: * OK [URLMECH INTERNAL] …
      S: a OK …
      C: b STORE 2 +FLAGS.SILENT (\Deleted)
      S: b OK …
      C: c EXPUNGE
      S: * 2 EXPUNGE
      S: c OK …
    `);
    expect(await comeBack('ghost', `${uidValidity} ${modseq}`)).toEqual(['* VANISHED (EARLIER) 2']);
    await client.ok('NOOP');
    await client.ok('ENABLE QRESYNC');
    expect(await client.ok(`UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${modseq} VANISHED)`)).toEqual([
      '* VANISHED (EARLIER) 2',
    ]);
  });

  it('is not named a HIGHESTMODSEQ above that of a removal the client has not been told of', async () => {
    const client = await server.login('kept-back');
    const { uidValidity, modseq } = await fill(client, 2);
    const other = await server.login('kept-back');
    await other.ok('SELECT INBOX');
    await other.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    await other.ok('EXPUNGE');
    await client.play(`
      C: a FETCH 2 UID
      S: * 2 FETCH (UID 2)
      S: a OK Done
      C: b FETCH 2 MODSEQ
      S: * OK [HIGHESTMODSEQ ${modseq}] Changes are numbered
      S: * 2 FETCH (MODSEQ (${modseq}))
      S: * OK [HIGHESTMODSEQ ${modseq}] Removals are kept back
      S: b OK Done
      C: c STORE 2 +FLAGS.SILENT (\\Seen)
      S: * 2 FETCH (MODSEQ (${modseq + 3}))
      S: * OK [HIGHESTMODSEQ ${modseq}] Removals are kept back
      S: c OK Done
      C: d UID SEARCH 2
      S: * SEARCH 2
      S: d OK Done
      C: e UID SORT (SUBJECT) UTF-8 NOT 1
      S: * SORT 2
      S: e OK Done
      C: f UID SEARCH UID 2
      S: * SEARCH 2
      S: * 1 EXPUNGE
      S: * OK [HIGHESTMODSEQ ${modseq + 3}] All is told
      S: f OK Done
    `);
    expect(await comeBack('kept-back', `${uidValidity} ${modseq}`)).toContain('* VANISHED (EARLIER) 1');
  });

  it('tells removals by UID', async () => {
    const client = await server.login('vanished');
    const { modseq } = await fill(client, 4);
    const other = await server.login('vanished');
    await other.ok('SELECT INBOX');
    await client.ok('ENABLE QRESYNC');
    await other.ok('STORE 2:3 +FLAGS.SILENT (\\Deleted)');
    await other.ok('EXPUNGE');
    await client.play(String.raw`
      C: a FETCH 2 FLAGS
      S: * 2 FETCH (UID 2 FLAGS (\Deleted \Recent))
      S: a OK Done
      C: b NOOP
      S: * VANISHED 2:3
      S: b OK Done
      C: c UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${modseq} VANISHED)
      S: * VANISHED (EARLIER) 2:3
      S: c OK Done
      C: d STORE 1 +FLAGS (\Deleted)
      S: * 1 FETCH (UID 1 FLAGS (\Deleted \Recent) MODSEQ (${modseq + 3}))
      S: d OK Done
      C: e EXPUNGE
      S: * VANISHED 1
      S: e OK [HIGHESTMODSEQ ${modseq + 4}] Expunged
      C: f FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)
      S: f BAD …
      C: g UID FETCH 1:* FLAGS (VANISHED)
      S: g BAD …
    `);
  });
});

describe('QRESYNC after a restore', () => {
  it('takes no message for gone that has just come', async () => {
    const client = await server.login('restored');
    await fill(client, 2);
    await client.ok('ENABLE QRESYNC');
    await client.ok('STORE 1 +FLAGS (\\Deleted)');
    await client.ok('EXPUNGE');
    const other = await server.login('restored');
    await other.append('INBOX', 'Subject: 3\n\n');
    using _ = vi.spyOn(ChangeReader.prototype, 'knownSince').mockResolvedValue(1000);
    expect(await client.ok('UID FETCH 1:* (UID) (CHANGEDSINCE 999 VANISHED)')).toEqual([
      '* VANISHED (EARLIER) 1',
      '* 2 EXISTS',
      '* 2 RECENT',
    ]);
  });
});

describe('CONDSTORE', () => {
  it('is enabled by whatever shows that the client knows it', async () => {
    const reader = await server.login('condstore');
    const { modseq } = await fill(reader, 2);
    for (const command of [
      'SELECT INBOX (CONDSTORE)',
      'STATUS INBOX (HIGHESTMODSEQ)',
      'ENABLE CONDSTORE',
      'FETCH 1 MODSEQ',
      'FETCH 1 FLAGS (CHANGEDSINCE 1)',
      'SEARCH MODSEQ 1',
      'STORE 1 (UNCHANGEDSINCE 1) FLAGS ()',
    ]) {
      const client = await server.login('condstore');
      await client.ok('SELECT INBOX');
      const lines = await client.ok(command);
      expect(lines.join('\n'), command).toMatch(/HIGHESTMODSEQ/);
      expect((await client.ok('STORE 2 +FLAGS (\\Seen)'))[0], command).toMatch(/MODSEQ \(\d+\)\)$/);
    }
    const plain = await server.login('condstore');
    await plain.ok('SELECT INBOX');
    expect(await plain.ok('STORE 2 -FLAGS (\\Seen)')).toEqual(['* 2 FETCH (FLAGS ())']);
    expect(await reader.ok('FETCH 1:2 (UID) (CHANGEDSINCE 1)')).toContainEqual(
      expect.stringMatching(/^\* 2 FETCH \(MODSEQ \(\d+\) UID 2\)$/),
    );
    expect(await reader.ok(`FETCH 1 (UID) (CHANGEDSINCE ${modseq})`)).toEqual([]);
  });
});
