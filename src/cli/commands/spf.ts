import { isIP } from 'node:net';
import type { Command } from 'commander';
import { configPath } from '../config-path.ts';
import { diagnosisProgram } from '../diagnosis-program.ts';
import { exitCode, UsageError } from '../exit-code.ts';
import { interruption } from '../interruption.ts';
import { printJson } from '../print-result.ts';

/** The commands that ask what SPF says. */
export function spf(command: Command): void {
  command
    .command('check <ip> <sender>')
    .description('show what is found when a host sends for an address, or with "<>" for none')
    .option('--helo <name>', 'name that the host gives itself', 'localhost')
    .option('--json', 'print JSON')
    .action(async (ip: string, sender: string, { helo, json }: { helo: string; json?: boolean }) => {
      if (isIP(ip) === 0) throw new UsageError(`Cannot check SPF of "${ip}": it is no IP address`);
      const { checkSpf } = await diagnosisProgram();
      const mailFrom = parseSender(sender);
      const question = { staticConfigPath: configPath(command), ip, mailFrom, helloName: helo, signal: interruption() };
      const { result, identity, domain, mechanism, explanation, problem } = await checkSpf(question);
      if (json) printJson({ result, identity, domain, mechanism, explanation, problem });
      else {
        const details = [mechanism, explanation, problem].filter((each) => each !== undefined);
        process.stdout.write(`${domain}: ${result}${details.map((each) => `, ${each}`).join('')}\n`);
      }
    });
  command
    .command('lookup <domain>')
    .description('show the SPF record of a domain, and what is wrong with it')
    .option('--json', 'print JSON')
    .action(async (domain: string, { json }: { json?: boolean }) => {
      const { lookUpSpf } = await diagnosisProgram();
      const records = await lookUpSpf({ staticConfigPath: configPath(command), domain, signal: interruption() });
      if (json) printJson(records);
      else {
        if (records.length === 0) process.stdout.write(`${domain} has no SPF record\n`);
        if (records.length > 1)
          process.stdout.write(`${domain} has ${records.length} SPF records, and may have one only\n`);
        for (const { record, problem } of records) {
          process.stdout.write(`${record}\n${problem === undefined ? '' : `  wrong: ${problem}\n`}`);
        }
      }
      if (records.length !== 1 || records[0]?.problem !== undefined) process.exitCode = exitCode.failed;
    });
}

function parseSender(text: string): { localpart: string; domain: string } | undefined {
  const sender = text.replace(/^<|>$/g, '');
  if (sender === '') return undefined;
  const at = sender.lastIndexOf('@');
  if (at < 1) throw new UsageError(`Cannot check SPF of "${text}": it is no address`);
  return { localpart: sender.slice(0, at), domain: sender.slice(at + 1) };
}
