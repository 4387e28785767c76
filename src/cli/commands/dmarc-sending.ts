import { type Command, InvalidArgumentError } from 'commander';
import type { DmarcEvaluationList } from '../../control/commands/dmarc-evaluations.ts';
import type { DmarcSuppressionList } from '../../control/commands/dmarc-suppressions.ts';
import { plainWord } from '../print-dmarc-records.ts';
import { printJson, printTable } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

const hourMs = 60 * 60 * 1000;

/** `dmarc evaluations …` and `dmarc suppress …`: reports to other domains. */
export function defineDmarcSendingCommands(command: Command): void {
  const evaluations = command.command('evaluations').description('what is being gathered for reports to other domains');
  const list = evaluations.command('list').description('list reports that are being gathered, and when each is due');
  list
    .option('--limit <number>', 'how many, up to 1000', readNumber, 100)
    .option('--json', 'print JSON')
    .action(async ({ limit, json }: { limit: number; json?: boolean }) => {
      const found = (await serverOrOfflineRequest(list, 'dmarcEvaluations', { limit })) as DmarcEvaluationList;
      if (json) printJson(found);
      else if (found.length === 0) process.stdout.write('There is nothing to report.\n');
      else printEvaluations(found);
    });

  const suppress = command.command('suppress').description('addresses that get no reports');
  const listed = suppress.command('list').description('list them').option('--json', 'print JSON');
  listed.action(async ({ json }: { json?: boolean }) => {
    const found = await request(listed, { action: 'list' });
    if (json) printJson(found);
    else if (found.length === 0) process.stdout.write('There are none.\n');
    else printSuppressions(found);
  });
  const add = suppress.command('add').description('send no reports to an address');
  add
    .argument('<address>')
    .option('--days <number>', 'for so long; otherwise for ever', readNumber)
    .option('--reason <text>', 'for people', 'asked for')
    .action(async (address: string, { days, reason }: { days?: number; reason: string }) => {
      const until = days === undefined ? undefined : Date.now() + days * 24 * hourMs;
      await request(add, { action: 'add', address, until, reason });
    });
  const remove = suppress.command('remove').description('send reports to an address again');
  remove.argument('<address>').action(async (address: string) => {
    await request(remove, { action: 'remove', address });
  });
}

async function request(command: Command, given: object): Promise<DmarcSuppressionList> {
  return (await serverOrOfflineRequest(command, 'dmarcSuppressions', given)) as DmarcSuppressionList;
}

function readNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('a whole number, 1 or more');
  return number;
}

function time(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

function printEvaluations(reports: DmarcEvaluationList): void {
  printTable(
    ['DUE (UTC)', 'FROM (UTC)', 'MESSAGES', 'POLICY', 'DOMAIN'],
    reports.map(({ endHour, beginHour, messages, policy, policyDomain }) => [
      time(endHour * hourMs),
      time(beginHour * hourMs),
      String(messages),
      policy.policy ?? '-',
      plainWord(policyDomain),
    ]),
  );
}

function printSuppressions(suppressions: DmarcSuppressionList): void {
  printTable(
    ['UNTIL (UTC)', 'SINCE (UTC)', 'ADDRESS', 'REASON'],
    suppressions.map(({ until, since, address, reason }) => [
      until === undefined ? '-' : time(until),
      time(since),
      plainWord(address),
      reason.replace(/[^ -~]/g, '?'),
    ]),
  );
}
