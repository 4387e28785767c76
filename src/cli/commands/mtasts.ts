import type { Command } from 'commander';
import { configPath } from '../config-path.ts';
import { diagnosisProgram } from '../diagnosis-program.ts';
import { exitCode } from '../exit-code.ts';
import { interruption } from '../interruption.ts';
import { printJson } from '../print-result.ts';

/** The command that asks for MTA-STS policies. */
export function mtasts(command: Command): void {
  command
    .command('lookup <domain>')
    .description('fetch the MTA-STS policy of a domain')
    .option('--json', 'print JSON')
    .action(async (domain: string, { json }: { json?: boolean }) => {
      const { lookUpMtaSts } = await diagnosisProgram();
      const found = await lookUpMtaSts({ staticConfigPath: configPath(command), domain, signal: interruption() });
      const { id, policy, problem } = found;
      if (json) printJson(found);
      else if (id === undefined) process.stdout.write(`${domain} has no MTA-STS policy\n`);
      else {
        process.stdout.write(`id: ${id}\n`);
        if (problem !== undefined) process.stdout.write(`wrong: ${problem}\n`);
        if (policy !== undefined) {
          const hosts = policy.mx.map((host) => `mx: ${host}\n`).join('');
          process.stdout.write(`mode: ${policy.mode}\n${hosts}max_age: ${policy.maxAgeSeconds}\n`);
        }
      }
      if (policy === undefined) process.exitCode = exitCode.failed;
    });
}
