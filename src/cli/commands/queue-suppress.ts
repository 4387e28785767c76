import type { Command } from 'commander';
import type { SuppressAnswer } from '../../control/commands/queue-suppress.ts';
import { printTable } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

const pageSize = 1000;

/** Adds list, add, remove and lookup. */
export function defineQueueSuppress(command: Command): void {
  const ask = async <Name extends keyof SuppressAnswer>(name: Name, given: object) =>
    (await serverOrOfflineRequest(command, 'queueSuppress', { do: name, ...given })) as SuppressAnswer[Name];
  command
    .command('list')
    .description('show suppressed addresses')
    .argument('[account]', 'of this account only')
    .option('--json', 'print JSON, one object a line')
    .action(async (account: string | undefined, { json }: { json?: boolean }) => {
      let count = 0;
      for (let after: object | undefined; ; ) {
        const request = { account, limit: pageSize, ...(after === undefined ? {} : { after }) };
        const page = await ask('list', request);
        count += page.length;
        print(page, json);
        const last = page.at(-1);
        if (last === undefined || page.length < pageSize) break;
        after = { account: last.account, baseAddress: last.baseAddress };
      }
      if (count === 0 && !json) process.stdout.write('No address is suppressed.\n');
    });
  command
    .command('add')
    .description('send no more mail of an account to an address')
    .argument('<account>', 'the account')
    .argument('<address>', 'the address; with it all that differ in case and in what follows "+"')
    .option('--reason <text>', 'why, for people')
    .action(async (account: string, address: string, { reason }: { reason?: string }) => {
      const { added } = await ask('add', { account, address, reason });
      process.stdout.write(added ? 'suppressed\n' : 'was suppressed already\n');
    });
  command
    .command('remove')
    .description('let mail of an account go to addresses again')
    .argument('<account>', 'the account')
    .argument('<address...>', 'the addresses')
    .action(async (account: string, addresses: string[]) => {
      process.stdout.write(`${(await ask('remove', { account, addresses })).count} removed\n`);
    });
  command
    .command('lookup')
    .description('show who suppresses an address, and why')
    .argument('<address>', 'the address')
    .option('--account <name>', 'of this account only')
    .option('--json', 'print JSON, one object a line')
    .action(async (address: string, { account, json }: { account?: string; json?: boolean }) => {
      const found = await ask('lookup', { address, account });
      print(found, json);
      if (found.length === 0 && !json) process.stdout.write('The address is not suppressed.\n');
    });
}

function print(found: SuppressAnswer['list'], json: boolean | undefined): void {
  if (json) for (const each of found) process.stdout.write(`${JSON.stringify(each)}\n`);
  else if (found.length > 0) {
    printTable(
      ['ACCOUNT', 'ADDRESS', 'SINCE', 'BY', 'REASON'],
      found.map(({ account, baseAddress, addedAt, byHand, reason }) => [
        account,
        baseAddress,
        new Date(addedAt).toISOString().slice(0, 10),
        byHand ? 'hand' : 'failure',
        reason,
      ]),
    );
  }
}
