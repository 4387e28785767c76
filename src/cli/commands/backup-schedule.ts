import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { backupUnits } from '../backup-units.ts';
import { configPath } from '../config-path.ts';
import { UsageError } from '../exit-code.ts';

/** Prints the systemd units of a backup every day. */
export function backupSchedule(command: Command): void {
  command
    .description('print the systemd units of a backup every day')
    .requiredOption('--to <directory>', 'directory in which each backup gets one of its own')
    .option('--at <time>', 'time of the day', '03:30')
    .option('--copy', 'copy message files')
    .option('--user <name>', 'user that the server runs as', userInfo().username)
    .action(() => {
      // Options that "backup" itself has too are found there.
      const options = command.optsWithGlobals<{ to: string; at: string; copy?: boolean; user: string }>();
      if (!/^(?:[01]\d|2[0-3]):[0-5]\d$/.test(options.at)) {
        throw new UsageError(`Cannot use the time "${options.at}": it is no time of the day`, 'Write it like 03:30.');
      }
      const units = backupUnits({
        configPath: resolve(configPath(command)),
        to: resolve(options.to),
        at: options.at,
        copy: options.copy ?? false,
        user: options.user,
      });
      for (const [name, text] of Object.entries(units))
        process.stdout.write(`# /etc/systemd/system/${name}\n${text}\n`);
      process.stderr.write(
        'Write them there, then: systemctl daemon-reload && systemctl enable --now restante-backup.timer\n',
      );
    });
}
