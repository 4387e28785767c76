import { type Command, InvalidArgumentError } from 'commander';
import type { DmarcEvaluationList } from '../../control/commands/dmarc-evaluations.ts';
import { plainWord } from '../print-dmarc-records.ts';
import { printJson, printTable } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';
import { defineReportSuppressCommands } from './report-suppress.ts';

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

  defineReportSuppressCommands(command.command('suppress').description('addresses that get no reports'), 'dmarc');
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
