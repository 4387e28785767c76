import type { Command } from 'commander';
import type { HoldRulesAnswer } from '../../control/commands/queue-hold-rules.ts';
import { UsageError } from '../exit-code.ts';
import { printTable } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';
import { collectId } from './queue-filter.ts';

interface RuleOptions {
  account?: string;
  senderDomain?: string;
  recipientDomain?: string;
  all?: boolean;
}

/** Adds list, add and remove. */
export function defineQueueHoldRules(command: Command): void {
  const ask = async <Name extends keyof HoldRulesAnswer>(name: Name, given: object = {}) =>
    (await serverOrOfflineRequest(command, 'queueHoldRules', { do: name, ...given })) as HoldRulesAnswer[Name];
  command
    .command('list')
    .description('show the rules')
    .option('--json', 'print JSON, one object a line')
    .action(async ({ json }: { json?: boolean }) => {
      const rules = await ask('list');
      if (json) for (const rule of rules) process.stdout.write(`${JSON.stringify(rule)}\n`);
      else if (rules.length === 0) process.stdout.write('There are no rules.\n');
      else {
        printTable(
          ['ID', 'ACCOUNT', 'SENDER DOMAIN', 'RECIPIENT DOMAIN'],
          rules.map(({ id, account, senderDomain, recipientDomain }) => [
            String(id),
            account ?? 'any',
            senderDomain ?? 'any',
            recipientDomain ?? 'any',
          ]),
        );
      }
    });
  command
    .command('add')
    .description('hold messages that fit all that is given, those that wait already too')
    .option('--account <name>', 'submitted by this account')
    .option('--sender-domain <name>', 'from an envelope sender of this domain')
    .option('--recipient-domain <name>', 'to recipients of this domain')
    .option('--all', 'every message')
    .action(async ({ all, ...rule }: RuleOptions) => {
      if ((Object.keys(rule).length === 0) === (all !== true)) {
        throw new UsageError('Cannot add a rule: it needs an account or a domain, or --all alone');
      }
      const { id, held } = await ask('add', rule);
      process.stdout.write(`rule ${id}; ${held} held now\n`);
    });
  command
    .command('remove')
    .description('remove rules; what they held is released by "restante queue unhold"')
    .argument('<id...>', 'ids, as list shows them', collectId)
    .action(async (ids: number[]) => {
      process.stdout.write(`${(await ask('remove', { ids })).count} removed\n`);
    });
}
