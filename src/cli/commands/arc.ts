import type { Command } from 'commander';
import { configPath } from '../config-path.ts';
import { diagnosisProgram } from '../diagnosis-program.ts';
import { exitCode } from '../exit-code.ts';
import { interruption } from '../interruption.ts';
import { messageInput } from '../message-input.ts';
import { printJson } from '../print-result.ts';
import { printableText } from '../printable-text.ts';

/** The commands for ARC chains. */
export function arc(command: Command): void {
  command
    .command('verify')
    .description('verify the ARC chain of the message on standard input, with keys from the DNS')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const { verifyArc } = await diagnosisProgram();
      const question = { staticConfigPath: configPath(command), content: messageInput(), signal: interruption() };
      const { result, problem, oldestPass, sealers } = await verifyArc(question);
      const shown = sealers.map(({ domain, selector, authentication: { server, results }, isTrusted }) => {
        return { domain, selector, isTrusted, server, results: results.map((each) => `${each.method}=${each.result}`) };
      });
      if (json) printJson({ result, problem, oldestPass, sealers: shown });
      else if (result === 'none') process.stdout.write('The message has no ARC chain.\n');
      else {
        const changed =
          oldestPass === undefined || oldestPass === 0 ? '' : `, changed before server ${oldestPass} had it`;
        process.stdout.write(`${result}${problem === undefined ? '' : `: ${printableText(problem)}`}${changed}\n`);
        for (const [at, { domain, selector, isTrusted, results }] of shown.entries()) {
          const found = results.length === 0 ? 'nothing' : printableText(results.join(', '));
          process.stdout.write(
            `server ${at + 1}: ${domain}, selector ${selector}${isTrusted ? ', trusted' : ''}: found ${found}\n`,
          );
        }
      }
      if (result !== 'pass') process.exitCode = exitCode.failed;
    });
}
