import { Argument, type Command } from 'commander';
import { configPath } from '../config-path.ts';
import { diagnosisProgram, dnsTypes } from '../diagnosis-program.ts';
import { interruption } from '../interruption.ts';
import { printJson } from '../print-result.ts';

/** The command that asks the DNS as the server does. */
export function dns(command: Command): void {
  command
    .command('lookup')
    .description('look up a name as the server does, and show whether DNSSEC validated the answer')
    .addArgument(new Argument('<type>', 'kind of record').choices(dnsTypes))
    .argument('<name>', 'a domain name; for ptr an IP address')
    .option('--json', 'print JSON')
    .action(async (type: (typeof dnsTypes)[number], name: string, { json }: { json?: boolean }) => {
      const { lookUpDns } = await diagnosisProgram();
      const answer = await lookUpDns({ staticConfigPath: configPath(command), type, name, signal: interruption() });
      if (json) return printJson(answer);
      const { records, authentic, ttlSeconds, canonicalName } = answer;
      for (const record of records) process.stdout.write(`${record}\n`);
      const security = authentic ? 'validated by DNSSEC' : 'not validated by DNSSEC';
      process.stderr.write(`at ${canonicalName}, for ${ttlSeconds} s, ${security}\n`);
    });
}
