import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { BackupResult } from '../../backup/take-backup.ts';
import { exitCode, UsageError } from '../exit-code.ts';
import { JsonEvents } from '../json-events.ts';
import { programAtRest } from '../main-program.ts';
import { counted, sizeText } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';
import { backupClean } from './backup-clean.ts';
import { backupSchedule } from './backup-schedule.ts';

interface BackupCommandOptions {
  link?: boolean;
  copy?: boolean;
  bandwidth?: string;
  wait?: boolean;
  verbose?: boolean;
  json?: boolean;
}

/** Backs up everything, as of one instant, while mail flows on. */
export function backup(command: Command): void {
  backupClean(command.command('clean'));
  backupSchedule(command.command('schedule'));
  command
    .argument('<directory>', 'directory to make; it must not exist yet, or be empty')
    .option(
      '--link',
      'hard-link message files where the file system can (default): quick and small, but the bytes are shared',
    )
    .option('--copy', 'copy message files: a backup that is independent of the data directory')
    .option('--bandwidth <rate>', 'copy at most so many bytes a second, such as 20M or 500K')
    .option('--wait', 'wait for a backup that is being taken, instead of failing')
    .option('--verbose', 'say what is being done')
    .option('--json', 'print JSON: one event a line, the last is the result')
    .action(async (directory: string, options: BackupCommandOptions) => {
      if (options.link && options.copy) throw new UsageError('Cannot both --link and --copy', 'Leave one of them out.');
      const events = options.json ? new JsonEvents() : undefined;
      const result = (await serverOrOfflineRequest(
        command,
        'backup',
        {
          destination: resolve(directory),
          messageFiles: options.copy ? 'copy' : 'link',
          ...(options.bandwidth === undefined ? {} : { bytesPerSecond: bytesOf(options.bandwidth) }),
          ...(options.wait ? { wait: true } : {}),
        },
        {
          verbose: options.verbose,
          ...(events && { shown: events }),
          openOffline: async (opening) => await (await programAtRest()).openForBackup(opening),
        },
      )) as BackupResult;
      if (events !== undefined) events.result(result);
      else {
        const { path, files, bytes, instant } = result;
        const state = result.complete ? 'complete' : 'INCOMPLETE';
        const shared = sharedText(result.linked);
        process.stdout.write(
          `${path}: ${state}, ${counted(files, 'file')}, ${sizeText(bytes)}, as of ${instant}${shared}\n`,
        );
      }
      if (!result.complete) process.exitCode = exitCode.incomplete;
    });
}

/** Linked files are no copies: whoever takes the backup should know. */
function sharedText(linked: number): string {
  if (linked === 0) return '';
  return linked === 1
    ? ', 1 message file shares its bytes with the data directory'
    : `, ${linked} message files share their bytes with the data directory`;
}

const units: Record<string, number> = { '': 1, K: 1e3, M: 1e6, G: 1e9 };

/** @throws UsageError */
function bytesOf(rate: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([KMG]?)$/i.exec(rate) ?? [];
  const bytes = Math.round(Number(number) * units[(unit ?? '').toUpperCase()]!);
  if (number === undefined || bytes < 1) {
    throw new UsageError(`Cannot use the bandwidth "${rate}": it is no number of bytes`, 'Write it like 20M or 500K.');
  }
  return bytes;
}
