import type { Command } from 'commander';
import { configPath } from '../config-path.ts';
import { diagnosisProgram } from '../diagnosis-program.ts';
import { exitCode } from '../exit-code.ts';
import { interruption } from '../interruption.ts';
import { printJson } from '../print-result.ts';

/** `config dnsrecords` and `config dnscheck` */
export function defineDnsCommands(config: Command): void {
  config
    .command('dnsrecords <domain>')
    .description('print the DNS records that a domain needs, as lines of a zone file')
    .action(async (domain: string) => {
      const { dnsRecords } = await diagnosisProgram();
      const lines = await dnsRecords({ staticConfigPath: configPath(config), domain });
      process.stdout.write(`${lines.join('\n')}\n`);
    });
  config
    .command('dnscheck <domain>')
    .description('compare the DNS records of a domain with those that it needs')
    .option('--json', 'print JSON')
    .action(async (domain: string, { json }: { json?: boolean }) => {
      const { checkDns } = await diagnosisProgram();
      const verdicts = await checkDns({ staticConfigPath: configPath(config), domain, signal: interruption() });
      if (json) printJson(verdicts);
      else {
        for (const { about, verdict, text, hint } of verdicts) {
          process.stdout.write(`${verdict.padEnd(7)}  ${about}: ${text}\n`);
          if (hint !== undefined && verdict !== 'ok') process.stdout.write(`         ${hint}\n`);
        }
      }
      if (verdicts.some(({ verdict }) => verdict === 'error')) process.exitCode = exitCode.failed;
    });
}
