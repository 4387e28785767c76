import type { Database } from 'better-sqlite3';
import { DatabaseError } from '../database-error.ts';
import type { Migration } from '../engine.ts';

/**
 * Brings a database to the newest version. `PRAGMA user_version` holds the version; the table `applied_migrations` says when each
 * was applied. Each migration is one transaction, so a crash leaves the database at a version in between, and the next start goes on.
 * @throws DatabaseError `database-too-new`, `database-migration-failed`
 */
export function migrate(database: Database, migrations: readonly Migration[], path: string): void {
  const newest = checkOrder(migrations);
  const current = userVersion(database);
  if (current > newest) {
    throw new DatabaseError(
      'database-too-new',
      `Cannot open database "${path}": it has version ${current}, and this software knows versions up to ${newest}`,
      {
        hint: 'Run the newer Restante that wrote it, or restore a backup made by this version.',
        context: { path, version: current, newest, temporary: false },
      },
    );
  }
  for (const migration of migrations.slice(current)) {
    try {
      database.exec('BEGIN IMMEDIATE');
      database.exec(
        'CREATE TABLE IF NOT EXISTS applied_migrations (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT',
      );
      database.exec(migration.sql);
      database.prepare('INSERT INTO applied_migrations VALUES (?, ?)').run(migration.version, Date.now());
      database.pragma(`user_version = ${migration.version}`);
      database.exec('COMMIT');
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK');
      throw new DatabaseError(
        'database-migration-failed',
        `Cannot migrate database "${path}" to version ${migration.version}: ${(error as Error).message}`,
        { cause: error, context: { path, version: migration.version, temporary: false } },
      );
    }
  }
}

export function userVersion(database: Database): number {
  return database.pragma('user_version', { simple: true }) as number;
}

function checkOrder(migrations: readonly Migration[]): number {
  for (const [index, migration] of migrations.entries()) {
    if (migration.version !== index + 1) {
      throw new TypeError(`Cannot use migrations: number ${index + 1} has version ${migration.version}`);
    }
  }
  return migrations.length;
}
