import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { TlsReportList, TlsResultList } from '../../control/commands/tls-reports.ts';
import { configPath } from '../config-path.ts';
import { diagnosisProgram } from '../diagnosis-program.ts';
import { exitCode } from '../exit-code.ts';
import { interruption } from '../interruption.ts';
import { plainWord } from '../print-dmarc-records.ts';
import { printJson, printTable } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';
import { defineReportSuppressCommands } from './report-suppress.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** The commands for reports on TLS: what domains publish, reports that came, and reports to others. */
export function tlsrpt(command: Command): void {
  command
    .command('lookup <domain>')
    .description('show where a domain wants reports on TLS with its servers')
    .option('--json', 'print JSON')
    .action(async (domain: string, { json }: { json?: boolean }) => {
      const { lookUpTlsReporting } = await diagnosisProgram();
      const found = await lookUpTlsReporting({ staticConfigPath: configPath(command), domain, signal: interruption() });
      if (json) printJson(found ?? null);
      else if (found === undefined) process.stdout.write(`${domain} wants no reports on TLS\n`);
      else {
        const wrong = found.uris.length === 0 ? '  wrong: it names no mailto: or https: address\n' : '';
        process.stdout.write(`${found.text}\n${wrong}`);
      }
      if (found === undefined || found.uris.length === 0) process.exitCode = exitCode.failed;
    });
  command
    .command('parsereport <file>')
    .description('show a report on TLS: a message, JSON or gzip')
    .option('--json', 'print JSON')
    .action(async (file: string, { json }: { json?: boolean }) => {
      const { readTlsReport } = await diagnosisProgram();
      const report = await readTlsReport(await readFile(file));
      if (json) return printJson(report);
      process.stdout.write(`Report ${JSON.stringify(report.reportId)} of ${JSON.stringify(report.organization)}\n\n`);
      printPolicies([report]);
    });
  const reports = command.command('reports').description('reports on our servers that came');
  const list = reports.command('list').description('list received reports by policy, the latest first');
  list
    .option('--domain <domain>', 'only reports on this domain')
    .option('--days <number>', 'only reports of the last days', readNumber)
    .option('--limit <number>', 'how many, up to 1000', readNumber, 100)
    .option('--json', 'print JSON')
    .action(async ({ domain, days, limit, json }: ListOptions) => {
      const from = days === undefined ? undefined : Date.now() - days * dayMs;
      const found = (await serverOrOfflineRequest(list, 'tlsReports', { domain, from, limit })) as TlsReportList;
      if (json) printJson(found);
      else if (found.length === 0) process.stdout.write('There are no reports.\n');
      else printPolicies(found);
    });
  const results = command.command('results').description('what is being gathered for reports to other domains');
  const gathered = results.command('list').description('list how TLS with other servers went, by domain and day');
  gathered
    .option('--limit <number>', 'how many, up to 1000', readNumber, 100)
    .option('--json', 'print JSON')
    .action(async ({ limit, json }: { limit: number; json?: boolean }) => {
      const found = (await serverOrOfflineRequest(gathered, 'tlsResults', { limit })) as TlsResultList;
      if (json) printJson(found);
      else if (found.length === 0) process.stdout.write('There is nothing to report.\n');
      else printResults(found);
    });
  defineReportSuppressCommands(command.command('suppress').description('addresses that get no reports'), 'tlsrpt');
}

interface ListOptions {
  domain?: string;
  days?: number;
  limit: number;
  json?: boolean;
}

type ShownReport = Pick<TlsReportList[number], 'organization' | 'beginAt' | 'policies'>;

function readNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('a whole number, 1 or more');
  return number;
}

function printPolicies(reports: readonly ShownReport[]): void {
  printTable(
    ['DAY (UTC)', 'DOMAIN', 'POLICY', 'GOOD', 'FAILED', 'FAILURES', 'REPORTED BY'],
    reports.flatMap(({ organization, beginAt, policies }) =>
      policies.map(({ domain, type, successes, failures, details }) => [
        day(beginAt),
        plainWord(domain),
        plainWord(type),
        String(successes),
        String(failures),
        failureText(details),
        organization.replace(/[^ -~]/g, '?'),
      ]),
    ),
  );
}

function printResults(results: TlsResultList): void {
  printTable(
    ['DAY (UTC)', 'REPORT TO', 'DOMAIN', 'POLICY', 'GOOD', 'FAILED', 'FAILURES'],
    results.flatMap(({ reportDomain, day: since, policies }) =>
      policies.map(({ domain, type, successes, failures, details }) => [
        day(since * dayMs),
        plainWord(reportDomain),
        plainWord(domain),
        plainWord(type),
        String(successes),
        String(failures),
        failureText(details),
      ]),
    ),
  );
}

function failureText(details: readonly { readonly type: string; readonly sessions: number }[]): string {
  const counts = new Map<string, number>();
  for (const { type, sessions } of details) counts.set(type, (counts.get(type) ?? 0) + sessions);
  return [...counts].map(([type, sessions]) => `${plainWord(type)} ${sessions}`).join(', ') || '-';
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
