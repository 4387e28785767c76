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
  return new Proxy(account, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        if (name === change && when === 'before') process.kill(process.pid, 'SIGKILL');
        const result: unknown = value.apply(target, given);
        if (name !== change || !(result instanceof Promise)) return result;
        return result.then(() => process.kill(process.pid, 'SIGKILL'));
      };
    },
  });
}

const [source, target] = [deadly(await accounts.open('left')), deadly(await accounts.open('right'))];
const [from, to] = [
  (await source.read((reader) => reader.mailbox('Inbox')))!.id,
  (await target.read((reader) => reader.mailbox('Inbox')))!.id,
];
const uids = await source.read((reader) => reader.uids(from));
const transfer = { source, mailboxId: from, uids, target, targetMailboxId: to, moves: true, kept: everyFlag };
for await (const _ of accounts.transferMessages(transfer));
