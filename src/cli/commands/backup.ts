import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { BackupResult } from '../../backup/take-backup.ts';
import { exitCode } from '../exit-code.ts';
import { printJson, sizeText } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

/** Backs up everything, as of one instant, while mail flows on. */
export function backup(command: Command): void {
  command
    .argument('<directory>', 'directory to make; it must not exist yet, or be empty')
    .option('--link', 'hard-link message files, where the file system can: quick and small, but sharing their bytes')
    .option('--verbose', 'say what is being done')
    .option('--json', 'print JSON')
    .action(async (directory: string, options: { link?: boolean; verbose?: boolean; json?: boolean }) => {
      const result = (await serverOrOfflineRequest(
        command,
        'backup',
        { destination: resolve(directory), messageFiles: options.link ? 'link' : 'copy' },
        { verbose: options.verbose },
      )) as BackupResult;
      if (options.json) printJson(result);
      else {
        const { path, files, bytes, instant } = result;
        const state = result.complete ? 'complete' : 'INCOMPLETE';
        process.stdout.write(`${path}: ${state}, ${files} files, ${sizeText(bytes)}, as of ${instant}\n`);
      }
      if (!result.complete) process.exitCode = exitCode.incomplete;
    });
}
