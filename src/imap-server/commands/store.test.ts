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
  for (let number = 1; number <= count; number++) await client.append('INBOX', `Subject: ${number}\n\nBody\n`);
  await client.ok('SELECT INBOX');
  return client;
}

describe('STORE', () => {
  it('adds, removes and replaces flags', async () => {
    const client = await withMessages('store', 2);
    await client.play(String.raw`
      C: a STORE 1:2 +FLAGS (\Seen \Flagged)
      S: * 1 FETCH (FLAGS (\Seen \Flagged \Recent))
      S: * 2 FETCH (FLAGS (\Seen \Flagged \Recent))
      S: a OK Done
      C: b UID STORE 2 -FLAGS \Seen $Junk
      S: * 2 FETCH (UID 2 FLAGS (\Flagged \Recent))
      S: b OK Done
      C: c STORE 1 FLAGS ($MDNSENT)
      S: * 1 FETCH (FLAGS ($MDNSent \Recent))
      S: c OK Done
      C: d STORE 1 FLAGS ()
      S: * 1 FETCH (FLAGS (\Recent))
      S: d OK Done
      C: e STORE 1 FLAGS.SILENT \Draft
      S: e OK Done
      C: f UID STORE 99 FLAGS ()
      S: f OK Done
    `);
  });

  it('takes keywords in any case, announced before they are shown', async () => {
    const client = await withMessages('keywords', 1);
    await client.play(String.raw`
      C: a STORE 1 +FLAGS (Blue)
      S: * FLAGS (… Blue)
      S: * OK [PERMANENTFLAGS (… Blue \*)] Flags
      S: * 1 FETCH (FLAGS (\Recent Blue))
      S: a OK Done
      C: b STORE 1 +FLAGS (BLUE $forwarded)
      S: * 1 FETCH (FLAGS ($Forwarded \Recent Blue))
      S: b OK Done
      C: c STORE 1 -FLAGS (blue)
      S: * 1 FETCH (FLAGS ($Forwarded \Recent))
      S: c OK Done
    `);
    expect((await client.command(`STORE 1 +FLAGS (${'k'.repeat(300)})`)).tagged).toMatch(/^NO \[CANNOT\]/);
    const many = Array.from({ length: 600 }, (_, number) => `k${number}`).join(' ');
    expect((await client.command(`STORE 1 +FLAGS (${many})`)).tagged).toMatch(/^NO \[LIMIT\]/);
    expect(await client.ok('FETCH 1 FLAGS')).toEqual(['* 1 FETCH (FLAGS ($Forwarded \\Recent))']);
  });

  it.each([
    'STORE 1 FLAGS',
    'STORE 1 +FLAGS (\\Foo)',
    'STORE 1 +FLAGS (\\Recent)',
    'STORE 1 *FLAGS ()',
    'STORE 1 FLAGS (a',
  ])('refuses %s', async (command) => {
    const client = await withMessages('refused', 1);
    expect((await client.command(command)).tagged).toMatch(/^BAD /);
  });

  it('leaves messages alone that have changed since', async () => {
    const client = await withMessages('unchanged', 3);
    const modseqs = (await client.ok('FETCH 1:3 MODSEQ'))
      .slice(1)
      .map((line) => Number(/MODSEQ \((\d+)\)/.exec(line)?.[1]));
    await client.ok('STORE 2 +FLAGS (\\Flagged)');
    const last = modseqs[2];
    await client.play(String.raw`
      C: a STORE 1:3 (UNCHANGEDSINCE ${last}) +FLAGS.SILENT (\Deleted)
      S: * 1 FETCH (MODSEQ (${last + 2}))
      S: * 3 FETCH (MODSEQ (${last + 2}))
      S: a OK [MODIFIED 2] …
      C: b UID STORE 1:3 (UNCHANGEDSINCE 0) FLAGS ()
      S: b OK [MODIFIED 1:3] …
      C: c UID STORE 2 (UNCHANGEDSINCE ${last + 1}) -FLAGS (\Flagged)
      S: * 2 FETCH (UID 2 FLAGS (\Recent) MODSEQ (${last + 3}))
      S: c OK Done
    `);
  });

  it('with .SILENT is not told again, unless somebody else has changed the message, too', async () => {
    const client = await withMessages('silent', 3);
    const other = await server.login('silent');
    await other.ok('SELECT INBOX');
    await other.ok('STORE 1 +FLAGS (\\Flagged)');
    await client.play(String.raw`
      C: a STORE 2 +FLAGS.SILENT (\Seen)
      S: * 1 FETCH (UID 1 FLAGS (\Flagged \Recent))
      S: a OK Done
    `);
    await other.ok('STORE 3 +FLAGS (\\Flagged)');
    await client.play(String.raw`
      C: b STORE 3 +FLAGS.SILENT (\Seen)
      S: * 3 FETCH (UID 3 FLAGS (\Seen \Flagged \Recent))
      S: b OK Done
    `);
  });

  it('says when messages are gone', async () => {
    const client = await withMessages('gone', 2);
    const other = await server.login('gone');
    await other.ok('SELECT INBOX');
    await other.ok('STORE 1 +FLAGS (\\Deleted)');
    await other.ok('EXPUNGE');
    await client.play(String.raw`
      C: a STORE 1:2 +FLAGS (\Seen)
      S: * 1 FETCH (FLAGS (\Seen \Deleted \Recent))
      S: * 2 FETCH (FLAGS (\Seen \Recent))
      S: a OK [EXPUNGEISSUED] …
      C: b STORE 1 -FLAGS.SILENT (\Deleted)
      S: b OK [EXPUNGEISSUED] …
      C: c FETCH 1 (FLAGS)
      S: * 1 FETCH (FLAGS (\Seen \Recent))
      S: c OK Done
      C: d UID STORE 1 +FLAGS (\Seen)
      S: * 1 EXPUNGE
      S: d OK Done
    `);
    expect(await other.ok('UID FETCH 2 (FLAGS)')).toContain('* 1 FETCH (UID 2 FLAGS (\\Seen))');
  });

  it('gives messages that are gone a MODSEQ for other flags, and tells once that they are gone', async () => {
    const client = await withMessages('gone-modseq', 3);
    await client.ok('ENABLE QRESYNC IMAP4rev2');
    const [other, third] = [await server.login('gone-modseq'), await server.login('gone-modseq')];
    for (const session of [other, third]) await session.ok('SELECT INBOX (CONDSTORE)');
    await third.ok('STORE 1 +FLAGS (\\Deleted)');
    await third.ok('UID EXPUNGE 1');
    const before = Number(/MODSEQ \((\d+)\)/.exec((await client.ok('FETCH 1 (MODSEQ)')).join())![1]);
    const flags = String.raw`FLAGS (\Seen \Deleted) MODSEQ (${before + 1})`;
    expect(await client.ok('STORE 1 +FLAGS (\\Seen)')).toContain(`* 1 FETCH (UID 1 ${flags})`);
    expect(await other.ok('FETCH 1 (FLAGS MODSEQ)')).toContain(`* 1 FETCH (${flags})`);
    expect((await other.ok('NOOP')).filter((line) => line.includes('EXPUNGE'))).toEqual(['* 1 EXPUNGE']);
    expect((await client.ok('NOOP')).filter((line) => line.includes('VANISHED'))).toEqual(['* VANISHED 1']);
    expect(await third.ok('NOOP')).toEqual([]);
    expect(await third.ok('FETCH 1:* (UID)')).toEqual(['* 1 FETCH (UID 2)', '* 2 FETCH (UID 3)']);
  });
});
