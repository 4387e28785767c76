import type { Command } from 'commander';
import { UsageError } from '../exit-code.ts';
import { listBackup, printMessage } from '../restore/browse-backup.ts';
import { restoreIntoAccount } from '../restore/restore-into-account.ts';
import { addRestoreOptions, type RestoreCommandOptions } from '../restore/restore-options.ts';
import { restoreWhole } from '../restore/restore-whole.ts';

/** Restores a whole backup to new directories, or some of it into the running server; or looks into one. */
export function restore(command: Command): void {
  addRestoreOptions(command);
  command.action(async (backup: string, dataDirectory: string | undefined, options: RestoreCommandOptions) => {
    if (options.list) return await listBackup(backup, options);
    if (options.print) return await printMessage(backup, options);
    if (dataDirectory !== undefined && options.account === undefined) {
      return await restoreWhole(backup, dataDirectory, options);
    }
    if (dataDirectory === undefined && options.account !== undefined) {
      return await restoreIntoAccount(command, backup, options);
    }
    throw new UsageError(
      'Cannot restore: name either a new data directory, or an account',
      'Everything: restante restore <backup> <datadir>. One account: restante restore <backup> --account <name>.',
    );
  });
}
