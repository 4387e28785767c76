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

type Action = 'back up to' | 'restore to' | 'verify';
const failureCodes: Record<Action, string> = {
  'back up to': 'backup-failed',
  'restore to': 'restore-failed',
  verify: 'verify-failed',
};

/** The file system failed while a backup was made, proven or restored; what was written is removed, as far as that can be. */
export class BackupFailedError extends RestanteError {
  constructor(action: Action, place: string, cause: NodeJS.ErrnoException) {
    const isFull = /^(?:ENOSPC|EDQUOT|SQLITE_FULL)$/.test(String(cause.code));
    super(failureCodes[action], `Cannot ${action} "${place}": ${cause.message}`, {
      hint: isFull
        ? 'Make room on that file system, and try again.'
        : 'Look at the disk and at the rights there, and try again.',
      context: { place },
      cause,
    });
  }
}

/** @returns the same, but for errors of the system and of SQLite, which get the name of what failed */
export function failed(action: Action, place: string, error: unknown): unknown {
  const isOfSystem =
    error instanceof Error && /^(?:E[A-Z0-9]+|SQLITE_\w+)$/.test(String((error as NodeJS.ErrnoException).code));
  return isOfSystem ? new BackupFailedError(action, place, error) : error;
}

/** A backup is under way in this server already. */
export class BackupRunningError extends RestanteError {
  constructor() {
    super('backup-running', 'Cannot start a backup: another one is running', {
      hint: 'Give --wait to wait until it has ended.',
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
    const found = errors === 1 ? '1 error was' : `${errors} errors were`;
    super('backup-damaged', `Cannot restore the backup "${directory}": ${found} found in it`, {
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
