import type { Command } from 'commander';
import { editConfig, readDomains } from '../edit-config.ts';
import { printJson, printTable } from '../print-result.ts';

/** `config alias …` */
export function defineAliasCommands(alias: Command): void {
  const list = alias.command('list').description('list aliases').option('--json', 'print JSON');
  list.action(async (options: { json?: boolean }) => {
    const { aliases } = await readDomains(list);
    if (options.json) {
      printJson(aliases);
      return;
    }
    const rows = Object.entries(aliases).map(([address, { members, postPublic }]) => {
      return [address, postPublic ? 'all' : 'members', members.join(' ')];
    });
    printTable(['ALIAS', 'WRITTEN TO BY', 'MEMBERS'], rows);
  });

  const add = alias.command('add').description('add an alias');
  add
    .argument('<alias>', 'its address, of a domain that is configured')
    .argument('<member...>', 'addresses of accounts')
    .option('--post-public', 'let everybody write to it, not members only')
    .action(async (address: string, members: string[], { postPublic }: { postPublic?: boolean }) => {
      await editConfig(add, [{ edit: 'addAlias', address, members, postPublic }]);
    });

  const remove = alias.command('rm').description('remove an alias');
  remove.argument('<alias>', 'its address').action(async (address: string) => {
    await editConfig(remove, [{ edit: 'removeAlias', address }]);
  });

  const addMember = alias.command('addmember').description('add members to an alias');
  addMember
    .argument('<alias>', 'its address')
    .argument('<member...>', 'addresses of accounts')
    .action(async (address: string, members: string[]) => {
      await editConfig(addMember, [{ edit: 'addAliasMembers', address, members }]);
    });

  const removeMember = alias.command('rmmember').description('remove members of an alias');
  removeMember
    .argument('<alias>', 'its address')
    .argument('<member...>', 'addresses of accounts')
    .action(async (address: string, members: string[]) => {
      await editConfig(removeMember, [{ edit: 'removeAliasMembers', address, members }]);
    });
}
