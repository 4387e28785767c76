import type { Command } from 'commander';
import { cleanInterrupted } from '../../backup/clean-interrupted.ts';
import { interruption } from '../interruption.ts';
import { counted, printJson, sizeText } from '../print-result.ts';

const texts = { removed: 'removed', 'in use': 'kept, it is being made', foreign: 'kept, it is no interrupted backup' };

/** Removes what interrupted and failed backups have left. */
export function backupClean(command: Command): void {
  command
    .description('remove what interrupted and failed backups have left')
    .argument('<directory>', 'directory in which backups are made, or one <name>.incomplete')
    .option('--dry-run', 'only say what would be removed')
    .option('--json', 'print JSON')
    .action(async (directory: string) => {
      // Options that "backup" itself has too are found there.
      const options = command.optsWithGlobals<{ dryRun?: boolean; json?: boolean }>();
      const dryRun = options.dryRun ?? false;
      const found = await Array.fromAsync(cleanInterrupted(directory, { dryRun, signal: interruption() }));
      if (options.json) return printJson(found);
      for (const { path, state, files, bytes } of found) {
        const text = state === 'removed' && dryRun ? 'would be removed' : texts[state];
        process.stdout.write(`${path}: ${text}, ${counted(files, 'file')}, ${sizeText(bytes)}\n`);
      }
      if (found.length === 0) process.stdout.write(`${directory}: nothing to remove\n`);
    });
}
