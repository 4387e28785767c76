import { describe, expect, it, onTestFinished } from 'vitest';
import { SeededRandom } from '../../tests/harness/seeded-random.ts';
import { RestanteError } from '../runtime/errors.ts';
import { silentLog } from '../runtime/log.ts';
import type { Account } from '../store/account.ts';
import type { Accounts } from '../store/accounts.ts';
import { flagNames } from '../store/flags.ts';
import { openTestStore } from '../store/store-fixture.ts';
import { type FakeMailbox, FakeSource, fakeMessage, fetchResponse } from './fake-source-fixture.ts';
import { importImapAccount } from './import-account.ts';
import type { ImapImportRequest, MailboxChoice } from './import-request.ts';
import type { ImapImportResult } from './import-tally.ts';

const everything: MailboxChoice = {
  include: [],
  exclude: [],
  prefix: undefined,
  map: [],
  keepNames: false,
  includeVirtual: false,
  includeShared: false,
};

/** Of the client, for sources that stop in the middle of something. */
let readTimeoutMs = 20_000;

interface Fixture {
  readonly source: FakeSource;
  readonly account: Account;
  readonly accounts: Accounts;
  readonly warnings: string[];
  run(
    more?: Partial<Omit<ImapImportRequest, 'choice'>> & { choice?: Partial<MailboxChoice> },
  ): Promise<ImapImportResult>;
}

async function start(...mailboxes: FakeMailbox[]): Promise<Fixture> {
  const source = await FakeSource.start(mailboxes);
  onTestFinished(() => source[Symbol.asyncDispose]());
  const { accounts } = await openTestStore(undefined, {
    defaultMailboxes: [{ name: 'Inbox' }, { name: 'Sent', specialUse: ['\\Sent'] }],
  });
  const account = await accounts.open('me');
  onTestFinished(() => account[Symbol.asyncDispose]());
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_fields: object, text: string) => void warnings.push(text) };
  return {
    source,
    account,
    accounts,
    warnings,
    run: ({ choice, ...more } = {}) =>
      importImapAccount({
        account,
        accounts,
        request: {
          target: { host: '127.0.0.1', port: source.port, tls: 'none' },
          credentials: { login: 'you', secret: 'secret', mechanism: 'auto' },
          source: undefined,
          updateFlags: false,
          dryRun: false,
          ...more,
          choice: { ...everything, ...choice },
        },
        signal: new AbortController().signal,
        log,
        onProgress() {},
        firstWaitMs: 1,
        readTimeoutMs,
      }),
  };
}

/** Of each message in a mailbox: flags, date and text. */
async function contents(account: Account, name = 'Inbox'): Promise<string[]> {
  const rows = await account.read(async (reader) => {
    const mailbox = await reader.mailboxes.named(name);
    return mailbox === undefined ? [] : await reader.messages.rendered(mailbox.id, 'all');
  });
  const texts: string[] = [];
  for (const row of rows) {
    const body = (await account.contents.read(row)).toString('latin1').split('\r\n\r\n')[1] ?? '';
    const flags = [...flagNames(row.flagBits), ...row.keywords].join(' ');
    texts.push(`(${flags}) ${new Date(row.receivedAt).toISOString()} ${body.trim()}`);
  }
  return texts;
}

/** The texts alone. */
async function texts(account: Account, name?: string): Promise<string[]> {
  return (await contents(account, name)).map((text) => text.replace(/^\(.*?\) \S+ /, ''));
}

const inbox = (count: number): FakeMailbox => ({
  name: 'INBOX',
  messages: Array.from({ length: count }, (_, at) => fakeMessage(at + 1, `m${at + 1}`)),
});

describe('importing an account', () => {
  it('keeps flags, keywords and dates, and opens nothing for writing', async () => {
    const flags = ['\\Seen', '\\Recent', '$forwarded', 'Work', 'work', 'käse', '\\Unknown'];
    const date = '29-Feb-2020 23:59:59 -0130';
    const { run, account, source, warnings } = await start({
      name: 'INBOX',
      messages: [fakeMessage(7, 'one', { flags, date })],
    });
    expect(await run()).toMatchObject({ imported: 1, skipped: 0, failed: [] });
    expect(await contents(account)).toEqual(['(\\Seen $Forwarded Work) 2020-03-01T01:29:59.000Z one']);
    expect(source.commands.filter((command) => /^(SELECT|STORE|UID STORE|EXPUNGE)/.test(command))).toEqual([]);
    expect(warnings).toEqual(['mailbox "INBOX" has 1 keywords that can\'t be kept here: "k\u00e4se"']);
  });

  it('takes the Date field where INTERNALDATE is none', async () => {
    const bytes = Buffer.from('Date: Fri, 20 Nov 2015 10:00:00 +0100\r\n\r\ntext\r\n');
    const { run, account } = await start({ name: 'INBOX', messages: [{ uid: 1, bytes, date: 'yesterday' }] });
    await run();
    expect(await contents(account)).toEqual(['() 2015-11-20T09:00:00.000Z text']);
  });

  it('understands answers in any order, with other data between them and line ends without CR', async () => {
    const { run, account, source } = await start(inbox(3));
    source.intercept = async ({ text, tag, mailbox, send }) => {
      if (!text.includes('BODY.PEEK[]')) return false;
      for (const [at, message] of mailbox!.messages.entries()) {
        await send('* 3 EXISTS\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* OK still here\n');
        for (const part of fetchResponse(at + 1, message, 'BODY.PEEK[] FLAGS UID INTERNALDATE')) await send(part);
      }
      await send(`${tag} OK done\n`);
      return true;
    };
    expect(await run()).toMatchObject({ imported: 3 });
    expect(await texts(account)).toEqual(['m1', 'm2', 'm3']);
  });

  it('takes each message once from a source that keeps no order and repeats itself', async () => {
    const { run, account, source } = await start(inbox(5));
    source.intercept = async ({ text, tag, mailbox, send }) => {
      if (!text.startsWith('UID FETCH')) return false;
      const items = /\(([^)]*)\)/.exec(text)![1]!;
      for (const number of [5, 3, 1, 2, 4, 3, 5, 1]) {
        for (const part of fetchResponse(number, mailbox!.messages[number - 1]!, items)) await send(part);
      }
      await send(`${tag} OK done\r\n`);
      return true;
    };
    expect(await run()).toMatchObject({ imported: 5 });
    expect((await texts(account)).sort()).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
    expect(await run()).toMatchObject({ imported: 0, alreadyThere: 5 });
  });

  it('goes on after each break of the connection, and brings nothing twice', async () => {
    const { run, account, source, warnings } = await start(inbox(120));
    let breaks = 0;
    source.intercept = async ({ text, mailbox, send, close }) => {
      const isFetch = text.includes('BODY.PEEK[]');
      // Each connection brings some messages more, and ends in the middle of one.
      if (!isFetch || breaks === 6) return false;
      breaks++;
      const set = /^UID FETCH (\S+)/.exec(text)![1]!;
      const first = Number.parseInt(set, 10);
      for (const message of mailbox!.messages.slice(first - 1, first + 14)) {
        for (const part of fetchResponse(message.uid, message, 'UID FLAGS INTERNALDATE BODY.PEEK[]')) await send(part);
      }
      await send(`* ${first + 15} FETCH (UID ${first + 15} FLAGS () BODY[] {100}\r\nhalf`);
      close();
      return true;
    };
    expect(await run()).toMatchObject({ imported: 120, skipped: 0 });
    expect(await texts(account)).toEqual(Array.from({ length: 120 }, (_, at) => `m${at + 1}`));
    expect(warnings.filter((text) => text.includes('trying again'))).toHaveLength(6);
  });

  it('gives up when connections in a row bring nothing, and goes on in the next run', async () => {
    const { run, account, source } = await start(inbox(60));
    source.intercept = async ({ text, close, connection }) => {
      if (!text.startsWith('UID FETCH') || connection > 100) return false;
      close();
      return true;
    };
    await expect(run()).rejects.toMatchObject({ code: 'imap-connection' });
    expect(source.connections).toBe(8);
    source.intercept = () => false;
    expect(await run()).toMatchObject({ imported: 60 });
    expect(await texts(account)).toHaveLength(60);
  });

  it('leaves out a message that the connection always breaks at, names it, and asks for it again next time', async () => {
    const { run, account, source } = await start(inbox(10));
    const isBad = (text: string): boolean => /^UID FETCH (4|1:10|4:10|4,.*) .*BODY/.test(text);
    source.intercept = async ({ text, mailbox, send, close }) => {
      if (!isBad(text)) return false;
      for (const message of mailbox!.messages.filter(({ uid }) => uid < 4 && text.includes('1:10'))) {
        for (const part of fetchResponse(message.uid, message, 'UID FLAGS INTERNALDATE BODY.PEEK[]')) await send(part);
      }
      close();
      return true;
    };
    const result = await run();
    expect(result).toMatchObject({ imported: 9, skipped: 1 });
    expect(result.skippedMessages).toEqual([
      { mailbox: 'INBOX', uid: 4, sizeBytes: expect.any(Number), reason: expect.stringContaining('breaks at it') },
    ]);
    source.intercept = () => false;
    expect(await run()).toMatchObject({ imported: 1, alreadyThere: 9, skipped: 0 });
    expect((await texts(account)).at(-1)).toBe('m4');
    expect(await run()).toMatchObject({ imported: 0, alreadyThere: 10 });
  });

  it('tells a message that is not handed out from one that is gone', async () => {
    const { run, source } = await start(inbox(4));
    source.intercept = async ({ text, tag, mailbox, send }) => {
      if (text.includes('BODY.PEEK[]') && mailbox!.messages[2]?.uid === 3) {
        // The second is there and refused, the third is gone meanwhile.
        if (!text.startsWith('UID FETCH 2 ')) {
          for (const message of mailbox!.messages.filter(({ uid }) => uid === 1 || uid === 4)) {
            for (const part of fetchResponse(message.uid, message, 'UID FLAGS BODY.PEEK[]')) await send(part);
          }
          mailbox!.messages.splice(2, 1);
        }
        await send(`${tag} NO [UNKNOWN-CTE] cannot read it\r\n`);
        return true;
      }
      if (!text.startsWith('UID FETCH 2 (UID FLAGS')) return false;
      await send(`${tag} NO cannot read it\r\n`);
      return true;
    };
    const { imported, skippedMessages } = await run();
    expect(imported).toBe(2);
    expect(skippedMessages.map(({ uid, reason }) => `${uid}: ${reason}`)).toEqual([
      '2: Cannot UID FETCH: the server answered NO cannot read it',
    ]);
  });

  it('waits and tries again when the source says that it cannot now', async () => {
    const { run, source } = await start(inbox(2));
    let refusals = 0;
    source.intercept = async ({ text, tag, send }) => {
      if (!text.includes('BODY.PEEK[]') || ++refusals > 2) return false;
      await send(`${tag} NO [THROTTLED] too much\r\n`);
      return true;
    };
    expect(await run()).toMatchObject({ imported: 2, skipped: 0 });
  });

  it('leaves out what is too large: by what the source says, and by what it sends', { timeout: 60_000 }, async () => {
    const large = 101 * 1024 * 1024;
    const { run, account, source } = await start(inbox(3));
    source.intercept = async ({ text, tag, mailbox, send }) => {
      if (/^UID FETCH .*RFC822.SIZE/.test(text)) {
        for (const { uid } of mailbox!.messages) {
          await send(`* ${uid} FETCH (UID ${uid} RFC822.SIZE ${uid === 1 ? large : 10})\r\n`);
        }
        await send(`${tag} OK done\r\n`);
        return true;
      }
      if (!text.startsWith('UID FETCH 2:3 ')) return false;
      await send(`* 2 FETCH (UID 2 FLAGS () BODY[] {${large}}\r\n`);
      const chunk = Buffer.alloc(1024 * 1024, 'x');
      for (let sent = 0; sent < large; sent += chunk.length) await send(chunk);
      await send(')\r\n');
      for (const part of fetchResponse(3, mailbox!.messages[2]!, 'UID FLAGS BODY.PEEK[]')) await send(part);
      await send(`${tag} OK done\r\n`);
      return true;
    };
    const result = await run();
    expect(result).toMatchObject({ imported: 1, skipped: 2 });
    expect(result.skippedMessages.map(({ uid, reason }) => `${uid}: ${reason}`)).toEqual([
      '1: it is larger than 100 MiB, the most that a message may have here',
      '2: it is larger than 100 MiB, the most that a message may have here',
    ]);
    expect(await texts(account)).toEqual(['m3']);
  });

  it('ends with what does not fit, and brings the rest when there is room', async () => {
    const { run, account } = await start(inbox(120));
    await account.setQuota(60 * 60);
    await expect(run()).rejects.toMatchObject({ code: 'over-quota' });
    const before = (await texts(account)).length;
    expect(before).toBeGreaterThan(0);
    await account.setQuota(undefined);
    expect(await run()).toMatchObject({ imported: 120 - before, alreadyThere: before });
    expect(await texts(account)).toEqual(Array.from({ length: 120 }, (_, at) => `m${at + 1}`));
  });

  it('knows messages by their bytes when UIDVALIDITY has changed, each as often as it is there', async () => {
    const twin = (uid: number) => ({ ...fakeMessage(1, 'twin'), uid });
    const mailbox: FakeMailbox = { name: 'INBOX', messages: [twin(1), twin(2), fakeMessage(3, 'other')] };
    const { run, account } = await start(mailbox);
    expect(await run()).toMatchObject({ imported: 3 });
    mailbox.uidValidity = 2;
    mailbox.messages = [fakeMessage(3, 'other'), twin(4), twin(5), twin(6), fakeMessage(9, 'new')].map((each, at) => {
      return { ...each, uid: at + 1 };
    });
    expect(await run({ dryRun: true })).toMatchObject({ imported: 5, alreadyThere: 0 });
    expect(await run()).toMatchObject({ imported: 2, matched: 3, alreadyThere: 0 });
    expect((await texts(account)).sort()).toEqual(['new', 'other', 'twin', 'twin', 'twin']);
    expect(await run()).toMatchObject({ imported: 0, matched: 0, alreadyThere: 5 });
  });

  it('leaves what was deleted here deleted, and what was made here to its user', async () => {
    const mailbox = { ...inbox(2), name: 'Notes', subscribed: true };
    const { run, account } = await start(mailbox);
    await run();
    await account.mailboxes.delete('Notes');
    await account.mailboxes.setSubscribed('Notes', false);
    expect(await run()).toMatchObject({ imported: 0, alreadyThere: 2 });
    expect(await account.read((reader) => reader.mailboxes.named('Notes'))).toBeUndefined();
    mailbox.messages.push(fakeMessage(3, 'm3'));
    expect(await run()).toMatchObject({ imported: 1 });
    expect(await texts(account, 'Notes')).toEqual(['m3']);
  });

  it('follows changes of flags since the MODSEQ that it knows', async () => {
    const mailbox: FakeMailbox = { ...inbox(3), modseq: 10 };
    const { run, account, source } = await start(mailbox);
    source.capabilities = 'IMAP4rev1 CONDSTORE';
    await run({ updateFlags: true });
    mailbox.modseq = 20;
    mailbox.messages[1]!.flags = ['\\Flagged', 'Work'];
    await run({ updateFlags: true });
    expect(source.commands).toContain('UID FETCH 1:* (UID RFC822.SIZE FLAGS) (CHANGEDSINCE 10)');
    expect((await contents(account)).map((text) => text.slice(0, 18))).toEqual([
      '() 2020-01-01T00:0',
      '(\\Flagged Work) 20',
      '() 2020-01-01T00:0',
    ]);
    source.commands.length = 0;
    await run({ updateFlags: true });
    expect(source.commands.filter((command) => command.includes('FLAGS'))).toEqual([]);
  });

  it('takes from All Mail of Gmail what is nowhere else', async () => {
    const { run, account, source } = await start(
      { ...inbox(1), name: 'INBOX' },
      { name: '[Gmail]', attributes: ['\\Noselect', '\\HasChildren'], messages: [] },
      {
        name: '[Gmail]/All Mail',
        attributes: ['\\All'],
        messages: [
          fakeMessage(11, 'm1', { labels: ['"\\\\Inbox"', '"\\\\Important"'] }),
          fakeMessage(12, 'archived', { labels: ['"\\\\Starred"'] }),
          fakeMessage(13, 'labelled', { labels: ['Work'] }),
        ],
      },
      { name: '[Gmail]/Sent Mail', attributes: ['\\Sent'], messages: [fakeMessage(5, 'sent')] },
      { name: '[Gmail]/Starred', attributes: ['\\Flagged'], messages: [fakeMessage(6, 'archived')] },
    );
    source.capabilities = 'IMAP4rev1 X-GM-EXT-1 SPECIAL-USE';
    const result = await run();
    expect(result.leftOut.map(({ name }) => name)).toEqual(['[Gmail]/Starred']);
    expect(await texts(account, 'Archive')).toEqual(['archived']);
    expect(await texts(account, 'Sent')).toEqual(['sent']);
    expect(await texts(account)).toEqual(['m1']);
    expect(await run()).toMatchObject({ imported: 0 });
  });

  it('reports a mailbox that cannot be opened, and brings the others', async () => {
    const { run, source, account } = await start({ name: 'Secret', messages: [] }, inbox(1));
    source.intercept = async ({ text, tag, send }) => {
      if (!text.includes('"Secret"') || text.startsWith('L')) return false;
      await send(`${tag} NO [NOPERM] not yours\r\n`);
      return true;
    };
    const { imported, failed } = await run();
    expect(imported).toBe(1);
    expect(failed).toEqual([{ name: 'Secret', reason: 'Cannot EXAMINE: the server answered NO [NOPERM] not yours' }]);
    expect(await account.read((reader) => reader.mailboxes.named('Secret'))).toBeUndefined();
  });

  it('runs once at a time in an account', async () => {
    const { run } = await start(inbox(1));
    const both = await Promise.allSettled([run(), run()]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });
});

const garbageTexts = ['"', '(', ')', '{', '}', '\\', '\r\n', '9', ' NIL ', '\0', '[', '{99}\r\n'];

describe('a source that is no IMAP server, or a hostile one', () => {
  const answers: [string, RegExp, string | Buffer][] = [
    ['a line without end', /^LIST/, Buffer.alloc(3_000_000, 'x')],
    ['a literal that nobody asked for', /^LIST/, '* LIST () "/" {2000000000}\r\n'],
    ['literals without end', /^LIST/, `* LIST ${'{0}\r\n'.repeat(20_000)}`],
    ['lists without end', /^LIST/, `* LIST ${'('.repeat(100_000)}\r\n`],
    ['a message larger than any', /BODY\.PEEK/, '* 1 FETCH (UID 1 BODY[] {9999999999999}\r\n'],
    ['a message within a list', /BODY\.PEEK/, '* 1 FETCH ((BODY[] {1}\r\nx) UID UID (BODY[]))\r\nTAG OK done\r\n'],
    ['no UIDVALIDITY', /^EXAMINE/, '* 1 EXISTS\r\n* OK [UIDVALIDITY nonsense] .\r\nTAG OK done\r\n'],
    ['what is no response', /^LSUB/, 'HTTP/1.1 400 Bad Request\r\n'],
    ['a continuation', /^LSUB/, '+ go on\r\n'],
  ];

  it.each(answers)('that sends %s ends the import with an error', async (_, command, answer) => {
    const { run, source, account } = await start(inbox(1));
    source.intercept = async ({ text, tag, send }) => {
      if (!command.test(text)) return false;
      await send(typeof answer === 'string' ? answer.replace('TAG', tag) : answer);
      return true;
    };
    const outcome = await run().catch((error: unknown) => error);
    if (command.test('BODY.PEEK')) expect(outcome).toMatchObject({ imported: 0, skipped: 1 });
    else expect(outcome).toMatchObject({ code: 'imap-connection' });
    expect(await texts(account)).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'that garbles its answers does no harm (seed %i)',
    { timeout: 120_000 },
    async (seed) => {
      const { run, source } = await start(inbox(20), { name: 'a', messages: [fakeMessage(1, 'x')], subscribed: true });
      readTimeoutMs = 300;
      onTestFinished(() => {
        readTimeoutMs = 20_000;
      });
      const random = new SeededRandom(seed);
      source.mutate = (bytes) => {
        if (bytes.length === 0 || random.below(40) > 0) return bytes;
        const at = random.below(bytes.length);
        const garbage = Buffer.from(random.pick(garbageTexts));
        return Buffer.concat([bytes.subarray(0, at), garbage, bytes.subarray(at + random.below(3))]);
      };
      const outcome = await run().catch((error: unknown) => error);
      // The store is looked through when it is closed.
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(RestanteError);
      else expect(outcome).toMatchObject({ account: 'me' });
    },
  );

  it.each([
    ['LIST', (number: number, long: string) => `* LIST () "/" "box${number}${long}"\r\n`],
    ['LIST', (number: number, long: string) => `* LIST (\\${long}) "/" "box${number}"\r\n`],
    ['LIST', (number: number, long: string) => `* LIST () "${long}" "box${number}"\r\n`],
    ['LSUB', (number: number, long: string) => `* LSUB () "/" "box${number}${long}"\r\n`],
  ])('that fills memory by what it lists is stopped: %s, %s', async (command, line) => {
    const { run, source } = await start(inbox(1));
    const long = 'x'.repeat(500_000);
    source.intercept = async ({ text, tag, send }) => {
      if (!text.startsWith(command)) return false;
      for (let number = 0; number < 40; number++) await send(line(number, long));
      await send(`${tag} OK done\r\n`);
      return true;
    };
    await expect(run()).rejects.toMatchObject({ code: 'imap-connection' });
  });

  it('that lists mailboxes without end is stopped', async () => {
    const { run, source } = await start(inbox(1));
    source.intercept = async ({ text, send }) => {
      if (!text.startsWith('LIST')) return false;
      for (let number = 0; number < 12_000; number++) await send(`* LIST () "/" "box${number}"\r\n`);
      return true;
    };
    await expect(run()).rejects.toMatchObject({ code: 'imap-connection' });
  });
});
