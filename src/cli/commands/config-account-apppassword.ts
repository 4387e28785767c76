import { type Command, Option } from 'commander';
import type { AppPasswordAnswer } from '../../control/commands/app-passwords.ts';
import { printJson, printTable, timeText } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

/** `config account apppassword …` */
export function defineAppPasswordCommands(command: Command): void {
  const ask = async <Name extends keyof AppPasswordAnswer>(name: Name, given: object) =>
    (await serverOrOfflineRequest(command, 'appPasswords', { do: name, ...given })) as AppPasswordAnswer[Name];
  command
    .command('list')
    .description('show what each is for, and when it was used last')
    .argument('<account>', 'name of the account, or one of its addresses')
    .option('--json', 'print JSON')
    .action(async (account: string, { json }: { json?: boolean }) => {
      const found = await ask('list', { account });
      if (json) printJson(found);
      else if (found.length === 0) process.stdout.write('There are none.\n');
      else {
        const rows = found.map(({ name, scopes, createdAt, lastUsedAt }) => {
          return [
            timeText(createdAt),
            lastUsedAt === undefined ? 'never' : timeText(lastUsedAt),
            scopes.join(' '),
            name,
          ];
        });
        printTable(['MADE (UTC)', 'LAST USED (UTC)', 'SCOPE', 'NAME'], rows);
      }
    });
  command
    .command('add')
    .description('make a random password for one program or device, and print it: nobody can see it again')
    .argument('<account>', 'name of the account, or one of its addresses')
    .argument('<name>', 'what it is for, such as "phone"')
    .addOption(new Option('--scope <scope>', 'good for reading or for sending only').choices(['imap', 'smtp']))
    .action(async (account: string, name: string, { scope }: { scope?: string }) => {
      const scopes = scope === undefined ? ['imap', 'smtp'] : [scope];
      process.stdout.write(`${(await ask('add', { account, name, scopes })).password}\n`);
    });
  command
    .command('rm')
    .description('revoke one: nobody gets in by it any more, and sessions that did are ended')
    .argument('<account>', 'name of the account, or one of its addresses')
    .argument('<name>', 'its name')
    .action(async (account: string, name: string) => {
      await ask('remove', { account, name });
    });
}
