import { resolve } from 'node:path';
import type { Command } from 'commander';
import { exitCode } from '../exit-code.ts';
import { interruption } from '../interruption.ts';
import { mainProgram } from '../main-program.ts';
import { printJson, sizeText } from '../print-result.ts';
import { ProgressLine } from '../progress-line.ts';

/** Proves a backup or a data directory, without changing it. */
export function verifydata(command: Command): void {
  command
    .argument('<directory>', 'a backup, or the data directory of a stopped server')
    .option('--json', 'print JSON')
    .action(async (directory: string, options: { json?: boolean }) => {
      const { verifyDirectory } = await mainProgram();
      const progress = new ProgressLine();
      const result = await verifyDirectory({
        directory: resolve(directory),
        signal: interruption(),
        log: (level, message, fields = {}) => progress.log({ level, message, fields }),
        progress: (step) => progress.show(step),
      }).finally(() => progress.clear());
      const { errors, warnings, files, bytes } = result;
      if (options.json) printJson(result);
      else if (errors === 0) {
        const more = warnings > 0 ? `, ${warnings} warnings` : '';
        process.stdout.write(`${directory}: OK, ${files} files${bytes > 0 ? `, ${sizeText(bytes)}` : ''}${more}\n`);
      } else process.stdout.write(`${directory}: ${errors} errors, ${warnings} warnings\n`);
      if (errors > 0) process.exitCode = exitCode.failed;
    });
}
