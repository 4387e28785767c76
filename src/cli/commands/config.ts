import { Argument, type Command } from 'commander';
import { configPath } from '../config-path.ts';
import { printJson } from '../print-result.ts';
import { defineAccountCommands } from './config-account.ts';
import { defineAddressCommands } from './config-address.ts';
import { defineAliasCommands } from './config-alias.ts';
import { defineDkimCommands } from './config-dkim.ts';
import { defineDnsCommands } from './config-dns.ts';
import { defineDomainCommands } from './config-domain.ts';
import { defineTlsPublicKeyCommands } from './config-tlspubkey.ts';

const fileNames = ['restante.yaml', 'domains.yaml'] as const;

/** The commands for the configuration. */
export function config(command: Command): void {
  defineTest(command.command('test').description('check both configuration files'));
  defineDescribe(command.command('describe').description('show every key, with an example and what is accepted'));
  defineSchema(command.command('schema').description('print the JSON Schema of a file, for editors'));
  defineAccountCommands(command.command('account').description('list and change accounts'));
  defineAddressCommands(command.command('address').description('list and change addresses of accounts'));
  defineDomainCommands(command.command('domain').description('list and change domains'));
  defineDkimCommands(command.command('dkim').description('list, make and change the keys that sign mail'));
  defineDnsCommands(command);
  defineTlsPublicKeyCommands(
    command.command('tlspubkey').description('keys of TLS certificates that clients log in by'),
  );
  defineAliasCommands(command.command('alias').description('list and change aliases'));
}

function defineTest(command: Command): void {
  command.option('--json', 'print JSON').action(async (options: { json?: boolean }) => {
    const { checkConfig } = await import('../../config/check-config.ts');
    const { problems, unusable } = await checkConfig(configPath(command));
    const ok = problems.length === 0 && unusable.length === 0;
    if (options.json) printJson({ ok, problems, unusable: unusable.map(({ message }) => message) });
    else if (ok) process.stdout.write('OK\n');
    else {
      const { problemText } = await import('../../config/config-error.ts');
      for (const problem of problems) process.stdout.write(`${problemText(problem)}\n`);
      for (const { message } of unusable) process.stdout.write(`${message}\n`);
    }
    if (!ok) process.exitCode = 1;
  });
}

function defineDescribe(command: Command): void {
  command
    .addArgument(new Argument('[file]', 'one of the two files; otherwise both').choices(fileNames))
    .action(async (file: (typeof fileNames)[number] | undefined) => {
      const { describeConfig } = await import('../../config/describe-config.ts');
      const texts = (file === undefined ? fileNames : [file]).map((name) => describeConfig(name));
      process.stdout.write(texts.join('\n---\n\n'));
    });
}

function defineSchema(command: Command): void {
  command
    .addArgument(new Argument('<file>', 'the file').choices(fileNames))
    .action(async (file: (typeof fileNames)[number]) => {
      const { configJsonSchema } = await import('../../config/describe-config.ts');
      process.stdout.write(`${JSON.stringify(configJsonSchema(file), null, 2)}\n`);
    });
}
