import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImapTestClient } from '../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';
import { systemClock } from '../runtime/clock.ts';
import { type Log, silentLog } from '../runtime/log.ts';
import { LoginGuard } from '../sasl/login-guard.ts';
import { commandMap } from './command-map.ts';

const faults: unknown[] = [];
const log: Log = { ...silentLog, error: (fields, message) => faults.push([message, fields]), child: () => log };

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture({
    log,
    limits: { imapIdleMs: 2_000, imapIdleBeforeLoginMs: 2_000, imapDroppedLiteralBytes: 10_000 },
    loginGuard: new LoginGuard({ clock: systemClock, failedLogins: [], delayMs: 0 }),
  });
  const client = await server.login('fuzz');
  for (let number = 0; number < 3; number++) await client.append('INBOX', `Subject: ${number}\n\nBody\n`);
});
afterAll(() => server[Symbol.asyncDispose]());

const word = fc.constantFrom(
  'INBOX',
  'Drafts',
  '""',
  '"*"',
  '%',
  '1:*',
  '2',
  '1,3',
  '$',
  '*:2',
  '0',
  '(',
  ')',
  '()',
  'FLAGS',
  '+FLAGS',
  '-FLAGS.SILENT',
  '(\\Seen)',
  '\\Deleted',
  'blue',
  'BODY[]',
  'BODY.PEEK[HEADER.FIELDS (Subject)]',
  'BINARY[1]',
  'ENVELOPE',
  '(UID FLAGS MODSEQ)',
  'ALL',
  'NOT',
  'OR',
  'SUBJECT',
  'TEXT',
  'RETURN',
  '(SAVE)',
  '(MIN COUNT)',
  '(UPDATE (UID BODY[]) PARTIAL -1:-2)',
  'IN',
  '(personal mailboxes (a INBOX))',
  'SET',
  'NONE',
  '(SELECTED (MessageNew (UID BODY[]) MessageExpunge FlagChange))',
  '(SUBTREE "" (MailboxName MessageNew MessageExpunge))',
  '(QRESYNC (1 1))',
  '(CONDSTORE)',
  '(CHANGEDSINCE 1)',
  '(UNCHANGEDSINCE 1)',
  '(MESSAGES UIDNEXT)',
  'QRESYNC',
  'UTF8=ACCEPT',
  'UIDONLY',
  'IMAP4rev2',
  'CHARSET',
  'UTF-8',
  'PLAIN',
  'AGEAYg==',
  '{3}\r\nabc',
  '{5+}\r\nab\r\nc',
  '{0+}\r\n',
  '~{2+}\r\n\0x',
  '{20000+}\r\n',
  '{999999999999}',
  '"a\\"b"',
  '"\xe4"',
  '&',
  '\0',
  '(((((',
  'RENAME',
  'NIL',
  '1-Jan-2026',
  '{12+}\r\nSubject: x\r\n\r\n',
  '"01-Jan-2026 00:00:00 +0000"',
  'METADATA',
  '/private/comment',
  '(DEPTH infinity)',
  '(/shared/comment "x" /private/comment NIL)',
  'CATENATE',
  '(URL "/INBOX/;UID=1" TEXT {3+}\r\nabc)',
  '"imap://fuzz@mail.example.org/INBOX/;UID=1;URLAUTH=anonymous"',
  'INTERNAL',
  '500',
);
// LOGOUT and STARTTLS end what is tried here, and LOGIN is done already.
const names = [...commandMap.keys(), 'UID', 'DONE', '*', ''].filter((name) => !/^(LOGOUT|STARTTLS)$/.test(name));
const line = fc
  .tuple(fc.constantFrom(...names), fc.array(word, { maxLength: 5 }), fc.constantFrom(' ', ' ', ' ', ' ', '  ', ''))
  .map(([name, words, space]) => `f ${[name, ...words].join(space)}\r\n`);
const garbage = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 200,
});
const session = fc.array(fc.oneof({ weight: 9, arbitrary: line }, { weight: 1, arbitrary: garbage }), {
  minLength: 1,
  maxLength: 12,
});

const states: Record<string, readonly string[]> = {
  'not logged in': [],
  'logged in': ['LOGIN fuzz secret'],
  'with a mailbox selected': ['LOGIN fuzz secret', 'SELECT INBOX'],
  'with NOTIFY': [
    'LOGIN fuzz secret',
    'SELECT INBOX',
    'NOTIFY SET (SELECTED (MessageNew (UID BODY[]) MessageExpunge FlagChange)) (PERSONAL (MailboxName SubscriptionChange))',
    'UID SEARCH RETURN (UPDATE) UNSEEN',
    'SORT RETURN (UPDATE) (SUBJECT) UTF-8 ALL',
  ],
  'with QRESYNC and IMAP4rev2': ['LOGIN fuzz secret', 'ENABLE QRESYNC IMAP4rev2', 'SELECT INBOX'],
};

describe('whatever a client sends', () => {
  it.each(Object.keys(states))('neither breaks nor hangs the server: %s', async (state) => {
    await fc.assert(
      fc.asyncProperty(session, async (lines) => {
        using client = await ImapTestClient.connect(server.port);
        for (const command of states[state]) await client.ok(command);
        client.send(lines.join(''));
        client.socket.end();
        // The server answers what it can and ends, as nothing more comes.
        await new Promise((resolve) => client.socket.once('close', resolve).resume());
        expect(faults).toEqual([]);
      }),
      { numRuns: 60, seed: 20_261_123 },
    );
    using client = await ImapTestClient.login(server.port, 'fuzz');
    await client.ok('SELECT INBOX');
  });
});
