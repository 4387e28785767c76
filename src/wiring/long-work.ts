import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LogSeverity, Progress } from '../control/control-message.ts';
import type { Finding } from '../database/durable-part.ts';
import { RestanteError } from '../runtime/errors.ts';

/** How a command that works for long tells a person what it does. */
export interface LongWork {
  readonly signal: AbortSignal;
  log(level: LogSeverity, message: string, fields?: Record<string, unknown>): void;
  progress(progress: Progress): void;
}

const levels: Record<Finding['severity'], LogSeverity> = { error: 'error', warning: 'warn', note: 'info' };

/** The callbacks of verify and restore, told through a command. */
export function directoryReport({ signal, log, progress }: LongWork) {
  return {
    signal,
    onFinding({ severity, message, isUnreferenced: _, ...fields }: Finding): void {
      log(levels[severity], message, fields);
    },
    onProgress({ phase, files, bytes }: { phase: string; files: number; bytes: number }): void {
      progress({ step: phase, done: files, unit: 'files', bytes });
    },
  };
}

/** @throws RestanteError `not-data` for a directory that is neither a backup nor a data directory */
export function requireDataDirectory(directory: string): void {
  if (existsSync(join(directory, 'version')) || existsSync(join(directory, 'accounts'))) return;
  throw new RestanteError('not-data', `Cannot verify "${directory}": it is neither a backup nor a data directory`, {
    hint: 'Name a directory that "restante backup" made, or the "dataDirectory" of restante.yaml.',
  });
}

/** A backup is as it was taken, or it is no proof of anything. */
export function cannotFixBackup(directory: string): RestanteError {
  return new RestanteError(
    'backup-not-fixed',
    `Cannot fix "${directory}": it is a backup, and backups are never changed`,
    {
      hint: 'Leave --fix out; to use what there is of it: restante restore --allow-incomplete.',
    },
  );
}
