import { type Command, InvalidArgumentError } from 'commander';
import type { DmarcReportList, DmarcReportRecords } from '../../control/commands/dmarc-reports.ts';
import { plainWord, printRecords } from '../print-dmarc-records.ts';
import { printJson, printTable } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** `dmarc reports …` */
export function defineDmarcReportCommands(reports: Command): void {
  const list = reports.command('list').description('list received reports, the latest first');
  list
    .option('--domain <domain>', 'only reports on this domain')
    .option('--days <number>', 'only reports of the last days', readNumber)
    .option('--limit <number>', 'how many, up to 1000', readNumber, 100)
    .option('--json', 'print JSON')
    .action(async ({ domain, days, limit, json }: ListOptions) => {
      const from = days === undefined ? undefined : Date.now() - days * dayMs;
      const found = (await serverOrOfflineRequest(list, 'dmarcReports', { domain, from, limit })) as DmarcReportList;
      if (json) printJson(found);
      else if (found.length === 0) process.stdout.write('There are no reports.\n');
      else printReports(found);
    });
  const show = reports.command('show').description('show the records of one report');
  show
    .argument('<id>', 'as "list" shows it', readNumber)
    .option('--json', 'print JSON')
    .action(async (id: number, { json }: { json?: boolean }) => {
      const found = (await serverOrOfflineRequest(show, 'dmarcReportRecords', { id })) as DmarcReportRecords;
      if (json) printJson(found);
      else if (found.length === 0) process.stdout.write('There are no records.\n');
      else printRecords(found);
    });
}

interface ListOptions {
  domain?: string;
  days?: number;
  limit: number;
  json?: boolean;
}

function readNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('a whole number, 1 or more');
  return number;
}

function printReports(reports: DmarcReportList): void {
  const time = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
  printTable(
    ['ID', 'FROM (UTC)', 'TO (UTC)', 'DOMAIN', 'MESSAGES', 'PASSED', 'QUARANTINED', 'REJECTED', 'REPORTED BY'],
    reports.map(({ id, beginAt, endAt, policy, messages, sender }) => [
      String(id),
      time(beginAt),
      time(endAt),
      plainWord(policy.domain),
      String(messages.all),
      String(messages.passed),
      String(messages.quarantined),
      String(messages.rejected),
      plainWord(sender),
    ]),
  );
}
