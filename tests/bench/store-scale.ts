import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSqliteEngine } from '../../src/database/sqlite/sqlite-engine.ts';
import { parseStructure } from '../../src/message/structure-parser.ts';
import { silentLog } from '../../src/runtime/log.ts';
import type { Account } from '../../src/store/account.ts';
import { type AccountDatabase, accountDatabaseKind } from '../../src/store/account-database.ts';
import type { Accounts } from '../../src/store/accounts.ts';
import { describeContent } from '../../src/store/content-facts.ts';
import { openAccounts } from '../../src/store/open-accounts.ts';

/*
 * What the store's operations cost in an account that holds more and more messages: `node tests/bench/store-scale.ts [--sizes
 * 1000,10000,100000,1000000] [--dir DIR]`. The messages that fill it are rows without files, added by the same operation that
 * deliveries use. Times are medians in milliseconds.
 */

const { values } = parseArgs({
  options: { sizes: { type: 'string', default: '1000,10000,100000' }, dir: { type: 'string', default: tmpdir() } },
});
const sizes = values.sizes.split(',').map(Number);
const deliveries = 200;
const setSize = 5000;

function text(number: number): string {
  const reply = number % 3 === 0 && number > 10 ? `References: <m${number - 10}@bench>\r\n` : '';
  const subject = number % 3 === 0 ? `Re: Subject ${number - 10}` : `Subject ${number}`;
  return `From: Sender ${number % 500} <s${number % 500}@example.org>\r\nTo: me@example.com\r\nSubject: ${subject}\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <m${number}@bench>\r\n${reply}\r\n${'Some text of a line or so.\r\n'.repeat(120)}`;
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function repeat(count: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) times.push(await time(work));
  return median(times);
}

let filled = 0;

async function fill(database: AccountDatabase, upTo: number): Promise<void> {
  const sha256 = new Uint8Array(32);
  while (filled < upTo) {
    const count = Math.min(1000, upTo - filled);
    const { first } = await database.write('reserveContentIds', { count, finished: [] });
    const messages = Array.from({ length: count }, (_, index) => {
      const structure = parseStructure(Buffer.from(text(filled + index)));
      return {
        mailbox: 'Inbox',
        createMissing: false,
        contentId: first + index,
        sha256,
        fileSizeBytes: structure.sizeBytes,
        prefix: new Uint8Array(0),
        flagBits: (filled + index) % 4 === 0 ? 0 : 1,
        keywords: [],
        receivedAt: 0,
        reception: {},
        facts: describeContent(structure, new Uint8Array(0)),
      };
    });
    await database.write('addMessages', { now: Date.now(), quota: {}, messages });
    filled += count;
  }
}

async function deliver(accounts: Accounts, account: Account): Promise<void> {
  await using intake = await accounts.startMessage();
  await intake.write(Buffer.from(text(filled++)));
  await using file = await intake.finish();
  await account.messages.add({ mailbox: 'Inbox', file });
}

async function measure(accounts: Accounts, account: Account): Promise<Record<string, number>> {
  const inbox = (await account.read((reader) => reader.mailboxes.named('Inbox')))!;
  const archive = (await account.read((reader) => reader.mailboxes.named('Archive')))!;
  const result: Record<string, number> = {};
  result['deliver one by one'] = await repeat(deliveries, () => deliver(accounts, account));
  const together = await time(() =>
    Promise.all(
      Array.from({ length: 10 }, async () => {
        for (let i = 0; i < deliveries / 5; i++) await deliver(accounts, account);
      }),
    ),
  );
  result['deliver, 10 at once'] = together / (deliveries * 2);

  const uids = await account.read((reader) => reader.uids.all(inbox.id));
  result['read all UIDs'] = await repeat(3, () => account.read((reader) => reader.uids.all(inbox.id)));
  result['UIDs and flags'] = await repeat(3, () => account.read((reader) => reader.uids.withFlagBits(inbox.id)));
  const last = uids.slice(-setSize);
  const half = last.filter((_, index) => index % 2 === 0);
  result['narrow rows'] = await repeat(5, () => account.read((reader) => reader.messages.rows(inbox.id, last)));
  result['rendered rows'] = await repeat(5, () => account.read((reader) => reader.messages.rendered(inbox.id, last)));
  result['rendered, every 2nd'] = await repeat(5, () =>
    account.read((reader) => reader.messages.rendered(inbox.id, half)),
  );
  let bit = 4;
  result['store one'] = await repeat(50, () => {
    bit = bit === 4 ? 2 : 4;
    return account.messages.storeFlags(inbox.id, [last[7]!], { mode: 'replace', flags: { bits: bit, keywords: [] } });
  });
  result['store all of them'] = await repeat(5, () => {
    bit = bit === 4 ? 2 : 4;
    return account.messages.storeFlags(inbox.id, last, { mode: 'replace', flags: { bits: bit, keywords: [] } });
  });
  result['store every 2nd'] = await repeat(5, () => {
    bit = bit === 4 ? 2 : 4;
    return account.messages.storeFlags(inbox.id, half, { mode: 'replace', flags: { bits: bit, keywords: ['x'] } });
  });
  const since = await account.read((reader) => reader.modseq());
  result.copy = await time(() => account.messages.copy(inbox.id, last, archive.id));
  result.move = await time(() => account.messages.move(inbox.id, last, archive.id));
  result.expunge = await time(() => account.messages.expunge(archive.id, 'all', 'all'));
  result['changes since'] = await time(() => account.read((reader) => reader.changes.since(inbox.id, since)));
  return result;
}

const directory = await mkdtemp(join(values.dir, 'restante-scale-'));
try {
  const engine = createSqliteEngine({ log: silentLog });
  const accounts = await openAccounts({ dataDirectory: directory, engine });
  const account = await accounts.open('me');
  const database = await engine.open(accountDatabaseKind, join(directory, 'accounts/me/index.db'));
  const columns: Record<string, number>[] = [];
  for (const size of sizes) {
    const before = filled;
    const took = await time(() => fill(database, size));
    const column = { 'fill, each': took / Math.max(1, filled - before) };
    columns.push({ ...column, ...(await measure(accounts, account)) });
    console.error(`${size} messages measured`);
  }
  console.log(
    `${'milliseconds, with messages in the account'.padEnd(44)}${sizes.map((size) => String(size).padStart(10)).join('')}`,
  );
  for (const name of Object.keys(columns[0]!)) {
    console.log(`${name.padEnd(44)}${columns.map((column) => column[name]!.toFixed(3).padStart(10)).join('')}`);
  }
  await database[Symbol.asyncDispose]();
  await account[Symbol.asyncDispose]();
  await accounts[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
} finally {
  await rm(directory, { recursive: true, force: true });
}
