import type { Command } from 'commander';
import { editConfig, readDomains } from '../edit-config.ts';
import { printJson, printTable } from '../print-result.ts';

/** `config domain …` */
export function defineDomainCommands(domain: Command): void {
  const list = domain.command('list').description('list domains').option('--json', 'print JSON');
  list.action(async (options: { json?: boolean }) => {
    const { domains } = await readDomains(list);
    if (options.json) {
      printJson(domains);
      return;
    }
    const rows = Object.entries(domains).map(([name, { description, otherNames, catchAll }]) => {
      return [name, catchAll?.account ?? '', otherNames.join(' '), description ?? ''];
    });
    printTable(['DOMAIN', 'CATCH-ALL', 'OTHER NAMES', 'DESCRIPTION'], rows);
  });

  const add = domain.command('add').description('receive mail for another domain');
  add
    .argument('<domain>', 'its name')
    .option('--description <text>', 'for people')
    .action(async (name: string, { description }: { description?: string }) => {
      await editConfig(add, [{ edit: 'addDomain', domain: name, description }]);
    });

  const remove = domain.command('rm').description('remove a domain that no account, address or alias uses');
  remove.argument('<domain>', 'its name').action(async (name: string) => {
    await editConfig(remove, [{ edit: 'removeDomain', domain: name }]);
  });
}
