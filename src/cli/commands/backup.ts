import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { BackupResult } from '../../backup/take-backup.ts';
import { exitCode, UsageError } from '../exit-code.ts';
import { printJson, sizeText } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

/** Backs up everything, as of one instant, while mail flows on. */
export function backup(command: Command): void {
  command
    .argument('<directory>', 'directory to make; it must not exist yet, or be empty')
    .option(
      '--link',
      'hard-link message files where the file system can (default): quick and small, but the bytes are shared',
    )
    .option('--copy', 'copy message files: a backup that is independent of the data directory')
    .option('--verbose', 'say what is being done')
    .option('--json', 'print JSON')
    .action(
      async (directory: string, options: { link?: boolean; copy?: boolean; verbose?: boolean; json?: boolean }) => {
        if (options.link && options.copy)
          throw new UsageError('Cannot both --link and --copy', 'Leave one of them out.');
        const result = (await serverOrOfflineRequest(
          command,
          'backup',
          { destination: resolve(directory), messageFiles: options.copy ? 'copy' : 'link' },
          { verbose: options.verbose },
        )) as BackupResult;
        if (options.json) printJson(result);
        else {
          const { path, files, bytes, instant } = result;
          const state = result.complete ? 'complete' : 'INCOMPLETE';
          const shared = sharedText(result.linked);
          process.stdout.write(`${path}: ${state}, ${files} files, ${sizeText(bytes)}, as of ${instant}${shared}\n`);
        }
        if (!result.complete) process.exitCode = exitCode.incomplete;
      },
    );
}

/** Linked files are no copies: whoever takes the backup should know. */
function sharedText(linked: number): string {
  if (linked === 0) return '';
  return linked === 1
    ? ', 1 message file shares its bytes with the data directory'
    : `, ${linked} message files share their bytes with the data directory`;
}
