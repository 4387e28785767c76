import { RestanteError } from '../runtime/errors.ts';

/** The destination can't take a backup; nothing was written. */
export class BackupDestinationError extends RestanteError {
  constructor(destination: string, detail: string, hint?: string) {
    super('backup-destination', `Cannot back up to "${destination}": ${detail}`, {
      hint: hint ?? 'Name a directory that does not exist yet, on a file system with room, outside the data directory.',
      context: { destination },
    });
  }
}

/** A backup is under way in this server already. */
export class BackupRunningError extends RestanteError {
  constructor() {
    super('backup-running', 'Cannot start a backup: another one is running', {
      hint: 'Wait until it has ended, then run "restante backup" again.',
    });
  }
}

/** A directory is not a backup, or one that isn't whole. */
export class NotABackupError extends RestanteError {
  constructor(directory: string, detail: string, cause?: unknown) {
    super('not-a-backup', `Cannot read the backup "${directory}": ${detail}`, {
      hint: 'Name the directory that "restante backup" made; it holds manifest.jsonl, data/ and config/.',
      context: { directory },
      cause,
    });
  }
}

/** Verifying found errors in a backup; nothing was restored from it. */
export class DamagedBackupError extends RestanteError {
  constructor(directory: string, errors: number) {
    super('backup-damaged', `Cannot restore the backup "${directory}": ${errors} errors were found in it`, {
      hint: 'Restore another backup, or with --allow-incomplete what there is of this one. Nothing was restored.',
      context: { directory, errors },
    });
  }
}

/** The target of a restore is in use or not empty; nothing was changed. */
export class RestoreTargetError extends RestanteError {
  constructor(target: string, detail: string) {
    super('restore-target', `Cannot restore to "${target}": ${detail}`, {
      hint: 'Name a directory that does not exist or is empty; move the old data directory aside first.',
      context: { target },
    });
  }
}
