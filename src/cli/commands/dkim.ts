import type { Command } from 'commander';
import { configPath } from '../config-path.ts';
import { diagnosisProgram } from '../diagnosis-program.ts';
import { exitCode } from '../exit-code.ts';
import { interruption } from '../interruption.ts';
import { messageInput } from '../message-input.ts';
import { printJson } from '../print-result.ts';
import { printableText } from '../printable-text.ts';

/** The commands for DKIM signatures. */
export function dkim(command: Command): void {
  command
    .command('lookup <selector> <domain>')
    .description('show the public key of a selector, and what is wrong with it')
    .option('--json', 'print JSON')
    .action(async (selector: string, domain: string, { json }: { json?: boolean }) => {
      const { lookUpDkim } = await diagnosisProgram();
      const question = { staticConfigPath: configPath(command), selector, domain, signal: interruption() };
      const { records, key, problem } = await lookUpDkim(question);
      if (json) printJson({ records, key, problem });
      else {
        for (const record of records) process.stdout.write(`${printableText(record)}\n`);
        const size = key?.bits === undefined ? '' : `, ${key.bits} bits`;
        if (key !== undefined)
          process.stdout.write(`${key.type}${size}${key.isTest ? ', the domain tries DKIM out' : ''}\n`);
        if (problem !== undefined) process.stdout.write(`wrong: ${problem}\n`);
      }
      if (problem !== undefined) process.exitCode = exitCode.failed;
    });
  command
    .command('verify')
    .description('verify the signatures of the message on standard input, with keys from the DNS')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const { verifyDkim } = await diagnosisProgram();
      const question = {
        staticConfigPath: configPath(command),
        content: messageInput(),
        signal: interruption(),
      };
      const verdicts = await verifyDkim(question);
      if (json) {
        printJson(
          verdicts.map(({ result, signature, problem, isTest }) => {
            const { domain, selector, algorithm } = signature ?? {};
            return { result, domain, selector, algorithm, problem, isTest };
          }),
        );
      } else {
        if (verdicts.length === 0) process.stdout.write('The message has no signature.\n');
        for (const { result, signature, problem, isTest } of verdicts) {
          const whose =
            signature === undefined
              ? ''
              : `${signature.domain}, selector ${signature.selector}, ${printableText(signature.algorithm)}: `;
          const why = problem === undefined ? '' : `: ${printableText(problem)}`;
          process.stdout.write(`${whose}${result}${why}${isTest ? ' (the domain tries DKIM out)' : ''}\n`);
        }
      }
      if (!verdicts.some(({ result }) => result === 'pass')) process.exitCode = exitCode.failed;
    });
}
