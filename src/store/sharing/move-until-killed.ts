import { createSqliteEngine } from '../../database/sqlite/sqlite-engine.ts';
import { silentLog } from '../../runtime/log.ts';
import type { Account } from '../account.ts';
import { everyFlag } from '../flags.ts';
import { openAccounts } from '../open-accounts.ts';

/** Moves all messages from one account to the other, and kills itself at a step: before or after a change of one of both. */
const [, , dataDirectory, when, change] = process.argv;
const engine = createSqliteEngine({ log: silentLog, workers: 1 });
const accounts = await openAccounts({ dataDirectory: dataDirectory!, engine });

function deadly(account: Account): Account {
  for (const part of [account.messages, account.sharing]) {
    const original: unknown = Reflect.get(part, change!);
    if (typeof original !== 'function') continue;
    Reflect.set(part, change!, async (...given: unknown[]) => {
      if (when === 'before') process.kill(process.pid, 'SIGKILL');
      await original.apply(part, given);
      process.kill(process.pid, 'SIGKILL');
    });
  }
  return account;
}

const [source, target] = [deadly(await accounts.open('left')), deadly(await accounts.open('right'))];
const [from, to] = [
  (await source.read((reader) => reader.mailboxes.named('Inbox')))!.id,
  (await target.read((reader) => reader.mailboxes.named('Inbox')))!.id,
];
const uids = await source.read((reader) => reader.uids.all(from));
const transfer = { source, mailboxId: from, uids, target, targetMailboxId: to, moves: true, kept: everyFlag };
for await (const _ of accounts.transferMessages(transfer));
