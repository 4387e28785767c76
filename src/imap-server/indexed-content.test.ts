import { renameSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';
import { messageText } from '../../tests/harness/odd-headers.ts';
import type { Account } from '../store/account.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture({ indexTextsAfterMs: 3_600_000 });
});
afterAll(() => server[Symbol.asyncDispose]());

let logins = 0;

interface Opened extends AsyncDisposable {
  readonly client: ImapTestClient;
  readonly account: Account;
  readonly directory: string;
  add(...texts: readonly string[]): Promise<void>;
  /** Does something while no message has its file. */
  withoutFiles(action: () => Promise<void>): Promise<void>;
}

async function open(): Promise<Opened> {
  const name = `headers${++logins}`;
  const account = await server.accounts.open(name);
  const directory = join(server.dataDirectory, 'accounts', name);
  const client = await server.login(name);
  await client.ok('SELECT INBOX');
  return {
    client,
    account,
    directory,
    async add(...texts) {
      for (const text of texts) {
        await using intake = await server.accounts.startMessage();
        await intake.write(Buffer.from(text, 'latin1'));
        await using file = await intake.finish();
        await account.messages.add({ mailbox: 'Inbox', file });
      }
      await client.ok('NOOP');
    },
    async withoutFiles(action) {
      renameSync(join(directory, 'msg'), join(directory, 'away'));
      try {
        await action();
      } finally {
        renameSync(join(directory, 'away'), join(directory, 'msg'));
      }
    },
    [Symbol.asyncDispose]: async () => account[Symbol.asyncDispose](),
  };
}

const mail = (subject: string, more = ''): string =>
  `ARC-Seal: i=1;\r\n cv=none\r\nReceived: from there\r\nSubject: ${subject}\r\nX-Kind: ${subject} kind\r\n${more}\r\nSome words.\r\n`;

describe('FETCH of what the index of texts has', () => {
  it('does not read the message', async () => {
    await using opened = await open();
    const { client, account, add, withoutFiles } = opened;
    await add(mail('one'), mail('two', 'Content-Type: text/html\r\n'), 'Subject: three\r\n\r\n');
    await account.textIndex!.run();
    await withoutFiles(async () => {
      await client.play(String.raw`
        C: a FETCH 1:2 (UID FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT Received X-None)])
        S: * 1 FETCH (UID 1 FLAGS (\Recent) BODY[HEADER.FIELDS (SUBJECT Received X-None)] {38}\r\nReceived: from there\r\nSubject: one\r\n\r\n)
        S: * 2 FETCH (UID 2 FLAGS (\Recent) BODY[HEADER.FIELDS (SUBJECT Received X-None)] {38}\r\nReceived: from there\r\nSubject: two\r\n\r\n)
        S: a OK Done
        C: b FETCH 2:3 (BODY.PEEK[HEADER.FIELDS (Subject)]<9.4> PREVIEW)
        S: * 2 FETCH (BODY[HEADER.FIELDS (Subject)]<9> {4}\r\ntwo… PREVIEW "Some words.")
        S: * 3 FETCH (BODY[HEADER.FIELDS (Subject)]<9> {4}\r\nthre PREVIEW "")
        S: b OK Done
        C: c FETCH 3 (RFC822.HEADER BODY.PEEK[HEADER.FIELDS.NOT (Subject)] RFC822.SIZE)
        S: * 3 FETCH (RFC822.HEADER {18}\r\nSubject: three\r\n\r\n BODY[HEADER.FIELDS.NOT (Subject)] {2}\r\n\r\n RFC822.SIZE 18)
        S: c OK Done
        C: d FETCH 2 BODY[HEADER.FIELDS (Subject)]
        S: * 2 FETCH (FLAGS (\Seen \Recent) BODY[HEADER.FIELDS (Subject)] {16}\r\nSubject: two\r\n\r\n)
        S: d OK Done
        C: e SEARCH HEADER X-Kind "two kind"
        S: * SEARCH 2
        S: e OK Done
        C: f FETCH 1 BODY.PEEK[HEADER.FIELDS (ARC-Seal)]
        S: f NO …
      `);
    });
    await client.play(String.raw`
      C: g FETCH 1 BODY.PEEK[HEADER.FIELDS (ARC-Seal)]
      S: * 1 FETCH (BODY[HEADER.FIELDS (ARC-Seal)] {28}\r\nARC-Seal: i=1;\r\n cv=none\r\n\r\n)
      S: g OK Done
      C: h FETCH 1 RFC822.HEADER
      S: * 1 FETCH (RFC822.HEADER {…}\r\nARC-Seal: …
      S: h OK Done
      C: i SEARCH HEADER ARC-Seal none
      S: * SEARCH 1 2
      S: i OK Done
    `);
  });

  it('has the bytes that the messages have, also of those that the index does not know yet', async () => {
    await using opened = await open();
    const { client, account, add, withoutFiles } = opened;
    const seed = Date.now();
    const texts = fc.sample(messageText, { numRuns: 60, seed });
    await add(...texts.slice(0, 40), mail('long', `X-Long: ${'x'.repeat(9000)}\r\n`));
    const asked = [
      '(UID BODY.PEEK[HEADER.FIELDS (Subject FROM x-odd Received)])',
      '(BODY.PEEK[HEADER.FIELDS.NOT (subject)] BODY.PEEK[HEADER] PREVIEW)',
      'BODY.PEEK[HEADER.FIELDS (References X-Google-Id)]<3.20>',
      'BODY.PEEK[HEADER.FIELDS.NOT (ARC-SEAL x-received)]',
      '(PREVIEW BODY.PEEK[HEADER.FIELDS (From)] BODYSTRUCTURE BODY.PEEK[TEXT])',
    ];
    const answers = async (set: string): Promise<(readonly string[])[]> => {
      const all: (readonly string[])[] = [];
      for (const items of asked) all.push(await client.ok(`FETCH ${set} ${items}`));
      return all;
    };
    const before = await answers('1:41');
    await account.textIndex!.run();
    expect(await answers('1:41'), `seed ${seed}`).toEqual(before);
    expect(await answers('1,7,40:41'), `seed ${seed}`).toEqual(
      before.map((lines) => [lines[0], lines[6], lines[39], lines[40]]),
    );
    // Most of them have been read from it.
    await withoutFiles(async () => {
      expect(await client.ok(`FETCH 1:40 ${asked[0]}`), `seed ${seed}`).toEqual(before[0].slice(0, 40));
    });
    await add(...texts.slice(40));
    const lagging = await answers('30:61');
    await account.textIndex!.run();
    expect(await answers('30:61'), `seed ${seed}`).toEqual(lagging);
  });

  it('makes the threads of a search without it', async () => {
    await using opened = await open();
    const { client, account, add, directory } = opened;
    const ids = (...numbers: readonly number[]): string => numbers.map((number) => `<${number}@x>`).join(' ');
    await add(
      `Subject: a\r\nMessage-ID: ${ids(1)}\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n`,
      `Subject: Re: a\r\nMessage-ID: ${ids(2)}\r\nReferences: ${ids(9, 1)}\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\n\r\n`,
      `Subject: other\r\nMessage-ID: ${ids(3)}\r\nIn-Reply-To: ${ids(2, 1)}\r\n\r\n`,
      'Subject: Fwd: [list] a\r\n\r\n',
      `Subject: many\r\nMessage-ID: ${ids(5)}\r\nReferences: ${ids(...Array.from({ length: 500 }, (_, at) => 1000 + at), 3)}\r\n\r\n`,
    );
    await account.textIndex!.run();
    const { id } = (await account.read((reader) => reader.mailboxes.named('Inbox')))!;
    const contentIds = (await account.read((reader) => reader.messages.rows(id, 'all'))).map(
      ({ contentId }) => contentId,
    );
    // The references of the last are too many to be kept twice.
    expect([...account.textIndex!.threads(contentIds).keys()]).toEqual(contentIds.slice(0, 4));
    const threads = async (): Promise<(readonly string[])[]> => [
      await client.ok('THREAD REFERENCES UTF-8 ALL'),
      await client.ok('THREAD ORDEREDSUBJECT UTF-8 ALL'),
    ];
    const indexed = await threads();
    expect(indexed[0]).toEqual(['* THREAD (1 (2 3 5)(4))']);
    // Another number for the mailbox's UIDs: nothing is remembered. Without the index all is read from the messages' rows.
    const database = new SqliteDatabase(join(directory, 'search.db'));
    database.exec('UPDATE threads SET sum = sum + 1');
    database.close();
    await account.mailboxes.bumpUidValidity('Inbox');
    await client.ok('SELECT INBOX');
    expect(await threads()).toEqual(indexed);
    expect(account.textIndex!.threads(contentIds).size).toBe(0);
  });

  it('goes on with the messages when the index is changed on the disk, which is made again', async () => {
    await using opened = await open();
    const { client, account, add, directory, withoutFiles } = opened;
    await add(mail('red'), mail('blue'));
    await account.textIndex!.run();
    const asked = 'FETCH 1:2 (BODY.PEEK[HEADER.FIELDS (Subject)] PREVIEW)';
    const whole = 'FETCH 1:2 BODY.PEEK[HEADER]';
    const headers = await client.ok(whole);
    const answer = await client.ok(asked);
    for (const change of [
      `UPDATE headers SET text = replace(text, 'blue', 'pink')`,
      `UPDATE headers SET text = (SELECT text FROM headers ORDER BY id LIMIT 1)`,
      'UPDATE headers SET whole = 1',
      `UPDATE previews SET text = 'other words'`,
      'DROP TABLE headers',
    ]) {
      const database = new SqliteDatabase(join(directory, 'search.db'));
      database.exec(change);
      database.close();
      expect(await client.ok(whole), change).toEqual(headers);
      expect(await client.ok(asked), change).toEqual(answer);
      await account.textIndex!.run();
      await withoutFiles(async () => {
        expect(await client.ok(asked), change).toEqual(answer);
      });
    }
  });

  it('forgets what is erased', async () => {
    await using opened = await open();
    const { client, account, add } = opened;
    await add(mail('keep'), mail('most secret'));
    await account.textIndex!.run();
    const known = (): number[] => [...account.textIndex!.headers([1, 2, 3, 4]).keys()];
    const [keep, gone] = known();
    await client.ok('UID STORE 2 FLAGS.SILENT (\\Deleted)');
    await client.ok('EXPUNGE');
    await expect.poll(known, { timeout: 20_000 }).toEqual([keep]);
    expect(account.textIndex!.previews([keep, gone])).toEqual(new Map([[keep, 'Some words.']]));
    expect(await client.ok('FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject)]')).toHaveLength(1);
  });
});
