import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import { RestanteError } from '../runtime/errors.ts';
import { toDatabaseError } from './sqlite/to-database-error.ts';

/** Exit code 4 of commands. */
export class DataDirectoryLockedError extends RestanteError {}

/** In the data directory; always empty. */
export const lockFileName = 'lock';

/**
 * Takes a data directory for this process, so that never two write it. The lock is SQLite's exclusive lock on an empty database: the
 * kernel drops it when the process dies, so there are no stale locks. Nothing in this process may open and close the file while
 * it is held: that would drop the lock (fcntl).
 * @param directory made, mode 0700, if it is missing
 * @returns disposing of it releases the lock
 * @throws DataDirectoryLockedError; DatabaseError when the disk fails
 */
export function lockDataDirectory(directory: string): Disposable {
  const path = join(directory, lockFileName);
  let database: Database | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    makeLockFile(path);
    database = new SqliteDatabase(path, { fileMustExist: true, timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if (!(error instanceof SqliteDatabase.SqliteError && error.code.startsWith('SQLITE_BUSY'))) {
      throw toDatabaseError(error, 'Cannot lock data directory', directory);
    }
    throw new DataDirectoryLockedError(
      'data-directory-locked',
      `Cannot use data directory "${directory}": another process, probably a running server, has it locked`,
      {
        hint: 'Stop the server with `restante stop`, or run the command without taking the server offline where it allows that.',
        context: { directory },
        cause: error,
      },
    );
  }
  return { [Symbol.dispose]: () => database.close() };
}

function makeLockFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
