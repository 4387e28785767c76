import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { interruption } from '../interruption.ts';
import { mainProgram } from '../main-program.ts';
import { printJson, sizeText } from '../print-result.ts';
import { ProgressLine } from '../progress-line.ts';

interface RestoreOptions {
  configDir?: string;
  dataOnly?: boolean;
  allowIncomplete?: boolean;
  json?: boolean;
}

/** Restores a whole backup to new directories. */
export function restore(command: Command): void {
  command
    .argument('<backup>', 'directory that "restante backup" made')
    .argument('<datadir>', 'data directory to make; it must not exist yet, or be empty')
    .option('--config-dir <dir>', 'where to restore the configuration to (default: "config" beside the data directory)')
    .option('--data-only', 'leave the configuration in the backup alone')
    .option('--allow-incomplete', 'restore what there is of a backup that is incomplete or damaged')
    .option('--json', 'print JSON')
    .action(async (backup: string, dataDirectory: string, options: RestoreOptions) => {
      const { restoreDirectory } = await mainProgram();
      const configDirectory = resolve(options.configDir ?? join(dirname(resolve(dataDirectory)), 'config'));
      const progress = new ProgressLine();
      const result = await restoreDirectory({
        backup: resolve(backup),
        dataDirectory: resolve(dataDirectory),
        configDirectory: options.dataOnly ? undefined : configDirectory,
        allowIncomplete: options.allowIncomplete ?? false,
        signal: interruption(),
        log: (level, message, fields = {}) => progress.log({ level, message, fields }),
        progress: (step) => progress.show(step),
      }).finally(() => progress.clear());
      if (options.json) {
        printJson(result);
        return;
      }
      const { files, bytes, instant } = result;
      process.stdout.write(`${result.dataDirectory}: restored, ${files} files, ${sizeText(bytes)}, as of ${instant}\n`);
      if (result.configDirectory !== undefined) {
        process.stdout.write(`Start it with: restante --config ${result.configDirectory}/restante.yaml serve\n`);
      }
    });
}
