import SqliteDatabase from 'better-sqlite3';
import { RestanteError } from '../../runtime/errors.ts';
import { DatabaseError } from '../database-error.ts';

const kinds: readonly (readonly [prefix: string, code: string, temporary: boolean, hint?: string])[] = [
  ['SQLITE_FULL', 'database-full', true, 'Free some disk space: `df -h` shows what is used.'],
  ['SQLITE_IOERR', 'database-io', true, 'Check the disk: `dmesg` and `df -h` show what is wrong with it.'],
  ['SQLITE_NOMEM', 'database-io', true],
  ['SQLITE_BUSY', 'database-busy', true, 'Find the other program that uses the file: `fuser -v` on its path.'],
  ['SQLITE_LOCKED', 'database-busy', true],
  ['SQLITE_CONSTRAINT', 'database-constraint', false],
  ['SQLITE_CORRUPT', 'database-corrupt', false, 'Restore the file from a backup: `restante restore`.'],
  ['SQLITE_NOTADB', 'database-corrupt', false, 'Restore the file from a backup: `restante restore`.'],
  ['SQLITE_CANTOPEN', 'database-cannot-open', true],
  ['SQLITE_READONLY', 'database-cannot-open', true],
];

/**
 * @param action what failed, as the start of a message: `Cannot write database "/…"`
 * @returns errors that are a RestanteError already, unchanged; SQLite's as a DatabaseError of their kind; others as
 *   `database-operation-failed`
 */
export function toDatabaseError(error: unknown, action: string, path: string): RestanteError {
  if (error instanceof RestanteError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const message = `${action} "${path}": ${detail}`;
  if (error instanceof SqliteDatabase.SqliteError) {
    const [, code, temporary, hint] = kinds.find(([prefix]) => error.code.startsWith(prefix)) ?? [
      '',
      'database-failed',
      false,
    ];
    const context = {
      path,
      temporary,
      sqlite: error.code,
      ...(code === 'database-constraint' && { constraint: detail }),
    };
    return new DatabaseError(code, message, { context, cause: error, ...(hint !== undefined && { hint }) });
  }
  return new DatabaseError('database-operation-failed', message, { context: { path, temporary: false }, cause: error });
}

/** What a query itself threw stays as it is; what SQLite threw becomes a DatabaseError. */
export function toReadError(error: unknown, path: string): unknown {
  return error instanceof SqliteDatabase.SqliteError ? toDatabaseError(error, 'Cannot read database', path) : error;
}
