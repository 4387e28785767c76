import { type Command, Option } from 'commander';
import { printJson, printTable } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

interface SetOptions {
  add?: boolean;
  remove?: boolean;
  deny?: boolean;
}

/** `config account acl …` */
export function defineAclCommands(acl: Command): void {
  const list = acl.command('list').description('list who may use mailboxes of an account');
  list
    .argument('<account>', 'whose mailboxes: its name, or one of its addresses')
    .argument('[mailbox]', 'one of them')
    .option('--json', 'print JSON')
    .action(async (account: string, mailbox: string | undefined, options: { json?: boolean }) => {
      const shared = (await serverOrOfflineRequest(list, 'accountAcl', { account, mailbox })) as {
        mailbox: string;
        who: string;
        rights: string;
      }[];
      if (options.json) printJson(shared);
      else if (shared.length === 0) process.stdout.write('Nothing is shared.\n');
      else
        printTable(
          ['MAILBOX', 'WHO', 'RIGHTS'],
          shared.map((each) => [each.mailbox, each.who, each.rights]),
        );
    });

  const set = acl.command('set').description('let an account use a mailbox of another');
  set
    .argument('<account>', 'whose mailbox')
    .argument('<mailbox>', 'its name')
    .argument('<who>', 'an account or one of its addresses, or "anyone" for all accounts')
    .argument(
      '<rights>',
      'letters: l list, r read, s seen, w flags, i add, p post, k make below, x delete, t mark deleted, e expunge, a share',
    )
    .addOption(new Option('--add', 'in addition to the rights that it has').conflicts('remove'))
    .option('--remove', 'take these rights from those that it has')
    .option('--deny', 'rights that it is not to have, though "anyone" has them')
    .action(async (account: string, mailbox: string, who: string, rights: string, options: SetOptions) => {
      const mode = options.add ? 'add' : options.remove ? 'remove' : 'replace';
      const change = { who, rights, mode, deny: options.deny ?? false };
      await serverOrOfflineRequest(set, 'accountAcl', { account, mailbox, change });
    });

  const remove = acl.command('rm').description('take all rights to a mailbox from an account');
  remove
    .argument('<account>', 'whose mailbox')
    .argument('<mailbox>', 'its name')
    .argument('<who>', 'an account or one of its addresses, or "anyone"')
    .option('--deny', 'take back what was set with --deny')
    .action(async (account: string, mailbox: string, who: string, options: { deny?: boolean }) => {
      const change = { who, rights: '', mode: 'replace', deny: options.deny ?? false };
      await serverOrOfflineRequest(remove, 'accountAcl', { account, mailbox, change });
    });
}
