import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { configPath } from '../config-path.ts';
import { type DmarcReportAnswer, diagnosisProgram } from '../diagnosis-program.ts';
import { exitCode } from '../exit-code.ts';
import { interruption } from '../interruption.ts';
import { printRecords } from '../print-dmarc-records.ts';
import { printJson } from '../print-result.ts';
import { defineDmarcReportCommands } from './dmarc-reports.ts';
import { defineDmarcSendingCommands } from './dmarc-sending.ts';

/** The commands for DMARC: what domains publish, reports that came, and reports to others. */
export function dmarc(command: Command): void {
  command
    .command('lookup <domain>')
    .description('show the DMARC record that is for a domain')
    .option('--json', 'print JSON')
    .action(async (domain: string, { json }: { json?: boolean }) => {
      const { lookUpDmarc } = await diagnosisProgram();
      const found = await lookUpDmarc({ staticConfigPath: configPath(command), domain, signal: interruption() });
      if (json) printJson(found ?? null);
      else if (found === undefined) process.stdout.write(`${domain} has no DMARC record\n`);
      else {
        const wrong = found.policy === undefined ? '  wrong: it has no policy, or there are several records\n' : '';
        process.stdout.write(`_dmarc.${found.domain}: ${found.text}\n${wrong}`);
      }
      if (found?.policy === undefined) process.exitCode = exitCode.failed;
    });
  command
    .command('checkreportaddrs <domain>')
    .description('show where reports to a domain go, and which of its addresses may not get them')
    .option('--json', 'print JSON')
    .action(async (domain: string, { json }: { json?: boolean }) => {
      const { checkReportAddresses } = await diagnosisProgram();
      const question = { staticConfigPath: configPath(command), domain, signal: interruption() };
      const found = await checkReportAddresses(question);
      if (json) printJson(found ?? null);
      else if (found === undefined) process.stdout.write(`${domain} has no DMARC record\n`);
      else if (found.length === 0) process.stdout.write(`${domain} wants no reports\n`);
      for (const { uri, addresses, problem } of json ? [] : (found ?? [])) {
        const to = addresses.map(({ address }) => address).join(', ');
        process.stdout.write(
          `${uri}: ${problem === undefined ? `reports go to ${to}` : `no reports, as ${problem}`}\n`,
        );
      }
      if (found?.some(({ problem }) => problem !== undefined) !== false) process.exitCode = exitCode.failed;
    });
  command
    .command('parsereport <file>')
    .description('show an aggregate report: a message, XML, gzip or zip')
    .option('--json', 'print JSON')
    .action(async (file: string, { json }: { json?: boolean }) => {
      const { readDmarcReport } = await diagnosisProgram();
      const report = await readDmarcReport(await readFile(file));
      if (json) printJson(report);
      else printReport(report);
    });
  defineDmarcReportCommands(command.command('reports').description('reports on our domains that came'));
  defineDmarcSendingCommands(command);
}

function printReport({ orgName, reportId, beginAt, endAt, policy, errors, records }: DmarcReportAnswer): void {
  const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const shown = (text: string): string => JSON.stringify(text);
  process.stdout.write(
    `Report ${shown(reportId)} of ${shown(orgName)} on ${policy.domain}, policy ${policy.policy ?? 'not named'}\n` +
      `from ${time(beginAt)} to ${time(endAt)}\n` +
      errors.map((error) => `error: ${shown(error)}\n`).join('') +
      '\n',
  );
  printRecords(records);
}
