import { isIP } from 'node:net';
import type { Command } from 'commander';
import { configPath } from '../config-path.ts';
import { diagnosisProgram } from '../diagnosis-program.ts';
import { exitCode, UsageError } from '../exit-code.ts';
import { interruption } from '../interruption.ts';
import { printJson } from '../print-result.ts';

/** The commands that ask DNS blocklists. */
export function dnsbl(command: Command): void {
  command
    .command('check <ip> [list...]')
    .description('show whether an address is on the lists of the configuration, or on others')
    .option('--json', 'print JSON')
    .action(async (ip: string, lists: string[], { json }: { json?: boolean }) => {
      if (isIP(ip) === 0) throw new UsageError(`Cannot ask about "${ip}": it is no IP address`);
      await ask(command, { ip, lists, json });
    });
  command
    .command('checkhealth [list...]')
    .description('show whether the lists of the configuration, or others, work')
    .option('--json', 'print JSON')
    .action(async (lists: string[], { json }: { json?: boolean }) => {
      await ask(command, { ip: undefined, lists, json });
    });
}

async function ask(
  command: Command,
  { ip, lists, json }: { ip: string | undefined; lists: readonly string[]; json: boolean | undefined },
): Promise<void> {
  const { askDnsBlocklists } = await diagnosisProgram();
  const answers = await askDnsBlocklists({ staticConfigPath: configPath(command), ip, lists, signal: interruption() });
  if (answers.length === 0) {
    throw new UsageError('There is no list to ask: name one, or set "dnsBlocklists" in restante.yaml');
  }
  if (json) printJson(answers);
  for (const { list, problem, entry } of json ? [] : answers) {
    const said = entry === undefined || entry.text === '' ? '' : `: ${entry.text}`;
    const found = ip === undefined ? 'works' : entry === undefined ? 'not listed' : `listed${said}`;
    process.stdout.write(problem === undefined ? `${list}: ${found}\n` : `${problem}\n`);
  }
  if (answers.some(({ problem, entry }) => problem !== undefined || entry !== undefined)) {
    process.exitCode = exitCode.failed;
  }
}
