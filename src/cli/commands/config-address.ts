import type { Command } from 'commander';
import { editConfig, readDomains } from '../edit-config.ts';
import { printJson, printTable } from '../print-result.ts';

/** `config address …` */
export function defineAddressCommands(address: Command): void {
  const list = address.command('list').description('list addresses').option('--json', 'print JSON');
  list
    .argument('[account]', 'of one account only')
    .action(async (only: string | undefined, options: { json?: boolean }) => {
      const { accounts } = await readDomains(list);
      const found = Object.entries(accounts).flatMap(([account, { addresses }]) => {
        if (only !== undefined && account !== only) return [];
        return Object.entries(addresses).map(([each, { mailbox }]) => ({ address: each, account, mailbox }));
      });
      if (options.json) printJson(found);
      else {
        printTable(
          ['ADDRESS', 'ACCOUNT', 'MAILBOX'],
          found.map(({ address: each, account, mailbox }) => [each, account, mailbox]),
        );
      }
    });

  const add = address.command('add').description('add an address to an account');
  add
    .argument('<address>', 'the address, of a domain that is configured')
    .argument('<account>', 'name of the account')
    .option('--mailbox <name>', 'where its mail goes, otherwise Inbox')
    .action(async (each: string, account: string, { mailbox }: { mailbox?: string }) => {
      await editConfig(add, [{ edit: 'addAddress', address: each, account, mailbox }]);
    });

  const remove = address.command('rm').description('remove an address');
  remove.argument('<address>', 'the address').action(async (each: string) => {
    await editConfig(remove, [{ edit: 'removeAddress', address: each }]);
  });
}
