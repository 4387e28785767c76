import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

/** As bytes of UTF-8, one a character. */
const bytes = (text: string): string => Buffer.from(text).toString('latin1');
const composed = bytes('\u00e9t\u00e9');
const decomposed = bytes('e\u0301te\u0301');

describe('names that are kept otherwise than they were written', () => {
  it('are told to clients of IMAP4rev2', async () => {
    const client = await server.login('rev2');
    await client.ok('ENABLE IMAP4rev2');
    await client.play(`
      C: a CREATE "${decomposed}/"
      S: * LIST () "/" "${composed}" ("OLDNAME" ("${decomposed}/"))
      S: a OK …
      C: b CREATE "${composed}/b"
      S: b OK …
      C: c APPEND "${decomposed}" {1+}
      C: x
      S: * LIST () "/" "${composed}" ("OLDNAME" ("${decomposed}"))
      S: c OK …
      C: d RENAME "${decomposed}/b" "${composed}/c"
      S: * LIST () "/" "${composed}/c" ("OLDNAME" ("${decomposed}/b"))
      S: d OK Done
      C: e RENAME "${composed}/c" "${decomposed}/d"
      S: * LIST () "/" "${composed}/d" ("OLDNAME" ("${composed}/c"))
      S: e OK Done
      C: f RENAME "${composed}/d" "${composed}/e"
      S: f OK Done
      C: g DELETE "${decomposed}/e"
      S: * LIST (\\NonExistent) "/" "${composed}/e" ("OLDNAME" ("${decomposed}/e"))
      S: g OK Done
      C: h EXAMINE "${decomposed}"
      S: * FLAGS …
      S: * OK [PERMANENTFLAGS …
      S: * 1 EXISTS
      S: * OK [UIDVALIDITY …
      S: * OK [UIDNEXT …
      S: * OK [HIGHESTMODSEQ …
      S: * OK [MAILBOXID …
      S: * OK [URLMECH …
      S: * LIST () "/" "${composed}" ("OLDNAME" ("${decomposed}"))
      S: h OK [READ-ONLY] …
    `);
    expect(await client.ok('SELECT inbox')).toContain('* LIST () "/" "INBOX"');
  });

  it('are not told to others, who know no OLDNAME', async () => {
    const client = await server.login('rev1');
    await client.play(`
      C: a CREATE "&AGUDAQ-"
      S: a …
    `);
    const lines = await client.ok('SELECT inbox');
    expect(lines.filter((line) => line.startsWith('* LIST'))).toEqual([]);
  });
});
