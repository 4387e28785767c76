import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { RestanteError } from '../../runtime/errors.ts';
import { configPath } from '../config-path.ts';
import { diagnosisProgram } from '../diagnosis-program.ts';
import { exitCode } from '../exit-code.ts';
import { interruption } from '../interruption.ts';
import { printJson } from '../print-result.ts';
import { dialAndPrint } from './smtp.ts';

/** The commands for DANE. */
export function dane(command: Command): void {
  command
    .command('lookup <domain>')
    .description('show the TLSA records of the hosts that take mail for a domain')
    .option('--json', 'print JSON')
    .action(async (domain: string, { json }: { json?: boolean }) => {
      const { lookUpDane } = await diagnosisProgram();
      const found = await lookUpDane({ staticConfigPath: configPath(command), domain, signal: interruption() });
      if (json) printJson(found);
      else {
        if (found.problem !== undefined) process.stdout.write(`${found.problem}\n`);
        if (found.hosts.length > 0 && !found.authentic) {
          process.stdout.write(
            `DNSSEC does not validate which hosts take mail for ${domain}: TLSA records don't count\n`,
          );
        }
        for (const { host, authentic, records, problem } of found.hosts) {
          const state = problem ?? (authentic ? 'validated by DNSSEC' : 'not validated by DNSSEC');
          process.stdout.write(`${host}: ${records.length} TLSA records, ${state}\n`);
          for (const { text, isUsable } of records)
            process.stdout.write(`  ${text}${isUsable ? '' : ' (of no use for SMTP)'}\n`);
        }
      }
      const isProtected =
        found.authentic && found.hosts.some(({ authentic, records }) => authentic && records.length > 0);
      if (!isProtected) process.exitCode = exitCode.failed;
    });
  command
    .command('dial <host>')
    .description('open an SMTP session with a host and check its certificate against its TLSA records')
    .option('--port <port>', 'TCP port', '25')
    .option('--json', 'print JSON')
    .action((host: string, options: { port: string; json?: boolean }) =>
      dialAndPrint(command, host, { ...options, dane: true }),
    );
  command
    .command('makerecord <certificate>')
    .description("print the TLSA record for a server's certificate (a PEM file), which stands for its key")
    .action(async (path: string) => {
      const { daneRecord } = await diagnosisProgram();
      const pem = await readFile(path, 'utf8');
      try {
        process.stdout.write(`${daneRecord(pem)}\n`);
      } catch (cause) {
        throw new RestanteError(
          'no-certificate',
          `Cannot make a TLSA record of "${path}": it is no certificate in PEM`,
          {
            cause,
          },
        );
      }
    });
}
