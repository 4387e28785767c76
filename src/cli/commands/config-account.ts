import type { Command } from 'commander';
import { editConfig, readDomains } from '../edit-config.ts';
import { printJson, printTable } from '../print-result.ts';
import { defineAclCommands } from './config-account-acl.ts';
import { defineAppPasswordCommands } from './config-account-apppassword.ts';
import { defineSessionCommands } from './config-account-sessions.ts';
import { defineAccountLogins } from './loginattempts.ts';

/** `config account …` */
export function defineAccountCommands(account: Command): void {
  const list = account.command('list').description('list accounts').option('--json', 'print JSON');
  list.action(async (options: { json?: boolean }) => {
    const { accounts } = await readDomains(list);
    if (options.json) {
      printJson(accounts);
      return;
    }
    const rows = Object.entries(accounts).map(([name, { domain, addresses, loginDisabled }]) => {
      return [name, domain, loginDisabled === undefined ? 'yes' : 'no', Object.keys(addresses).join(' ')];
    });
    printTable(['ACCOUNT', 'DOMAIN', 'LOGIN', 'ADDRESSES'], rows);
  });

  const add = account.command('add').description('add an account with its first address');
  add
    .argument('<account>', 'its name')
    .argument('<address>', 'its first address, of a domain that is configured')
    .option('--full-name <name>', 'name of the person')
    .action(async (name: string, address: string, { fullName }: { fullName?: string }) => {
      await editConfig(add, [{ edit: 'addAccount', account: name, address, fullName }]);
      process.stdout.write(`Added. Set its password: restante setaccountpassword ${name}\n`);
    });

  const remove = account.command('rm').description('remove an account from the configuration; its mail stays on disk');
  remove.argument('<account>', 'its name').action(async (name: string) => {
    await editConfig(remove, [{ edit: 'removeAccount', account: name }]);
    process.stdout.write(`Removed. Its mail is still in accounts/${name} of the data directory.\n`);
  });

  const disable = account.command('disable').description('refuse logins; mail is still received');
  disable
    .argument('<account>', 'its name')
    .argument('<reason>', 'text that a person who tries to log in is told')
    .action(async (name: string, reason: string) => {
      await editConfig(disable, [{ edit: 'disableLogin', account: name, reason }]);
    });

  const enable = account.command('enable').description('allow logins again');
  enable.argument('<account>', 'its name').action(async (name: string) => {
    await editConfig(enable, [{ edit: 'enableLogin', account: name }]);
  });

  defineAccountLogins(account.command('logins').description('show who has logged in, and who has tried to'));
  defineSessionCommands(account.command('sessions').description('list sessions that are logged in, and end them'));
  defineAppPasswordCommands(account.command('apppassword').description('passwords for single programs and devices'));
  defineAclCommands(account.command('acl').description('list and change who may use mailboxes of another account'));
}
