import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Argument, type Command, Option } from 'commander';
import { RestanteError } from '../../runtime/errors.ts';
import { configPath } from '../config-path.ts';
import { editConfig, readDomains } from '../edit-config.ts';
import { printJson, printTable } from '../print-result.ts';

/**
 * `config dkim …`: a key is added, published, then used; the old one is used no more, and removed once no mail that it signed is under way.
 * Source: RFC 6376 §6.1.2, §3.1
 */
export function defineDkimCommands(dkim: Command): void {
  const list = dkim.command('list').description('list the DKIM keys of all domains').option('--json', 'print JSON');
  list.action(async ({ json }: { json?: boolean }) => {
    const { domains } = await readDomains(list);
    const found = Object.entries(domains).flatMap(
      ([
        domain,
        {
          dkim: { selectors, sign },
        },
      ]) =>
        Object.entries(selectors).map(([selector, { privateKeyFile }]) => {
          return { domain, selector, signs: sign.includes(selector), privateKeyFile };
        }),
    );
    if (json) return printJson(found);
    const rows = found.map(({ domain, selector, signs, privateKeyFile }) => [
      domain,
      selector,
      signs ? 'yes' : 'no',
      privateKeyFile,
    ]);
    printTable(['DOMAIN', 'SELECTOR', 'SIGNS', 'KEY'], rows);
  });

  const add = dkim.command('add').description('make a key, which does not sign yet, and print its DNS record');
  add
    .argument('<domain>', 'a configured domain')
    .argument('<selector>', 'its name, such as 2030a')
    .addOption(new Option('--type <type>', 'kind of key').choices(['rsa', 'ed25519']).default('rsa'))
    .action(addKey(add));

  defineChange(dkim, 'sign', 'sign with a key from now on: publish it before', (domain, selector) => [
    { edit: 'signWithDkim', domain, selector, signs: true },
  ]);
  defineChange(dkim, 'unsign', 'sign with a key no more', (domain, selector) => [
    { edit: 'signWithDkim', domain, selector, signs: false },
  ]);
  defineChange(dkim, 'rm', 'remove a key that does not sign; its file stays', (domain, selector) => [
    { edit: 'removeDkimSelector', domain, selector },
  ]);
}

function addKey(command: Command) {
  return async (domain: string, selector: string, { type }: { type: 'rsa' | 'ed25519' }): Promise<void> => {
    const [{ createDkimKey }, { makeDirectoryDurably, writeDurably }, { domainDnsRecord }] = await Promise.all([
      import('../../config/dkim-key.ts'),
      import('../../runtime/durable-file.ts'),
      import('../../config/domain-dns-records.ts'),
    ]);
    const { addressBook } = await readDomains(command);
    const main = addressBook.mainDomain(domain);
    if (main === undefined || !/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(selector)) {
      const detail = main === undefined ? `"${domain}" is not configured` : `"${selector}" is no selector`;
      const hint =
        main === undefined ? 'restante config domain list' : 'A selector has letters a to z, digits and "-".';
      throw new RestanteError('config-edit', `Cannot add DKIM key: ${detail}`, { hint });
    }
    const directory = dirname(configPath(command));
    const privateKeyFile = join('keys', `${selector}._domainkey.${main}.pem`);
    const path = join(directory, privateKeyFile);
    if (existsSync(path)) {
      const hint = 'Choose another selector: old ones may still be in the caches of resolvers.';
      throw new RestanteError('config-edit', `Cannot add DKIM key: the file "${path}" is there`, { hint });
    }
    const { privatePem, txt } = createDkimKey(type);
    await makeDirectoryDurably(join(directory, 'keys'));
    await writeDurably(path, privatePem, 0o600);
    try {
      await editConfig(command, [{ edit: 'addDkimSelector', domain: main, selector, privateKeyFile }]);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    process.stdout.write(`${domainDnsRecord(`${selector}._domainkey.${main}`, txt)}\n`);
    process.stderr.write(
      `Publish the record, wait until it is everywhere ("restante config dnscheck ${main}"), then: restante config dkim sign ${main} ${selector}\n`,
    );
  };
}

function defineChange(
  dkim: Command,
  name: string,
  description: string,
  changes: (domain: string, selector: string) => Parameters<typeof editConfig>[1],
): void {
  const command = dkim.command(name).description(description);
  command
    .addArgument(new Argument('<domain>', 'a configured domain'))
    .addArgument(new Argument('<selector>', 'name of the key'))
    .action(async (domain: string, selector: string) => {
      await editConfig(command, changes(domain, selector));
    });
}
