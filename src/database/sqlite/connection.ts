import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import SqliteDatabase, { type Database, type Statement } from 'better-sqlite3';
import type { Kysely } from 'kysely';
import type { Parameter, Transactor } from '../engine.ts';
import { logPagesLeft } from './fold-log.ts';
import type * as KyselyOnConnection from './kysely-on-connection.ts';
import { StatementCache } from './statement-cache.ts';

const require = createRequire(import.meta.url);

/** Another process may hold a lock for as long as it takes to look at the file; ours are one writer, and readers never wait. */
const busyTimeoutMs = 5000;

/**
 * Pages kept by one connection, in KiB: several thousand connections may be open. What falls out is in the system's cache still. Mapping
 * the file instead would make scans a third faster, but a disk that fails would then kill the process.
 */
const cacheKibibytes = 4000;

/** One SQLite connection, with cached statements, as Reader and Transactor. */
export class Connection<Schema = unknown> implements Transactor<Schema> {
  readonly database: Database;
  readonly #statements: StatementCache;
  #kysely: Kysely<Schema> | undefined;
  // Often used, hence outside of the cache, where they would push others out. Writers' are prepared when first needed.
  readonly #beginRead: Statement<[]>;
  readonly #firstRead: Statement<[]>;
  readonly #commit: Statement<[]>;
  #beginWrite: Statement<[]> | undefined;
  #savepoint: Statement<[]> | undefined;
  #release: Statement<[]> | undefined;
  #logState: Statement<[]> | undefined;

  constructor(database: Database) {
    this.database = database;
    this.#statements = new StatementCache(database);
    this.#beginRead = database.prepare('BEGIN');
    this.#firstRead = database.prepare('SELECT rootpage FROM sqlite_schema LIMIT 1');
    this.#commit = database.prepare('COMMIT');
  }

  get kysely(): Kysely<Schema> {
    if (this.#kysely === undefined) {
      // Loading Kysely takes 130 ms of processor time: a third of a worker's start, and not every kind of database needs it.
      const { kyselyOnConnection } = require('./kysely-on-connection.ts') as typeof KyselyOnConnection;
      this.#kysely = kyselyOnConnection<Schema>(this.#statements);
    }
    return this.#kysely;
  }

  async all<Row>(sql: string, parameters?: readonly Parameter[]): Promise<Row[]> {
    const statement = this.#statements.get(sql);
    return (parameters === undefined ? statement.all() : statement.all(parameters)) as Row[];
  }

  async first<Row>(sql: string, parameters?: readonly Parameter[]): Promise<Row | undefined> {
    const statement = this.#statements.get(sql);
    return (parameters === undefined ? statement.get() : statement.get(parameters)) as Row | undefined;
  }

  async run(sql: string, parameters?: readonly Parameter[]): Promise<{ changes: number; lastInsertId: number }> {
    this.#checkInTransaction();
    const statement = this.#statements.get(sql);
    const result = parameters === undefined ? statement.run() : statement.run(parameters);
    return { changes: result.changes, lastInsertId: Number(result.lastInsertRowid) };
  }

  async runEach(sql: string, parameterSets: Iterable<readonly Parameter[]>): Promise<void> {
    this.#checkInTransaction();
    const statement = this.#statements.get(sql);
    for (const parameters of parameterSets) statement.run(parameters);
  }

  /** SQLite itself undoes the whole transaction on some errors: an operation that caught one must not write outside of any. */
  #checkInTransaction(): void {
    if (!this.database.inTransaction) throw new TypeError('Cannot write: the transaction was undone');
  }

  beginRead(): void {
    this.#beginRead.run();
  }

  /** Makes a read transaction that has begun see this instant: SQLite decides at the first read, not at BEGIN. */
  pin(): void {
    this.#firstRead.get();
  }

  beginWrite(): void {
    this.#beginWrite ??= this.database.prepare('BEGIN IMMEDIATE');
    this.#beginWrite.run();
  }

  commit(): void {
    this.#commit.run();
  }

  endRead(): void {
    if (this.database.inTransaction) this.#commit.run();
  }

  /** Ends a transaction without effect; none need be open. */
  rollback(): void {
    if (this.database.inTransaction) this.database.exec('ROLLBACK');
  }

  beginOperation(): void {
    this.#savepoint ??= this.database.prepare('SAVEPOINT operation');
    this.#savepoint.run();
  }

  endOperation(): void {
    this.#release ??= this.database.prepare('RELEASE operation');
    this.#release.run();
  }

  undoOperation(): void {
    this.database.exec('ROLLBACK TO operation; RELEASE operation');
  }

  /** Pages in the log that are not in the file yet. */
  logPages(): number {
    this.#logState ??= this.database.prepare('PRAGMA wal_checkpoint(NOOP)');
    return logPagesLeft(this.#logState.get());
  }

  /** @returns pages that could not be folded into the file, because readers may still need what it holds */
  foldLog(): number {
    return logPagesLeft(this.database.pragma('wal_checkpoint(PASSIVE)'));
  }

  close(): void {
    this.database.close();
  }
}

/** Opens for reads and writes, with the settings durability rests on, creating the file (mode 0600, not flushed) if it is missing. */
export function openForWrites(path: string): Database {
  try {
    // SQLite would create it with the umask's mode; -wal and -shm take theirs from it.
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const database = new SqliteDatabase(path, { fileMustExist: true, timeout: busyTimeoutMs });
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    // A commit that also folds the log takes ten times as long: the worker does it after it has answered.
    database.pragma('wal_autocheckpoint = 0');
    database.pragma('foreign_keys = ON');
    database.pragma(`cache_size = -${cacheKibibytes}`);
    database.pragma('trusted_schema = OFF');
    database.pragma('temp_store = MEMORY');
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** Opens a database that a writer holds open. */
export function openForReads(path: string): Database {
  const database = new SqliteDatabase(path, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  try {
    database.pragma(`cache_size = -${cacheKibibytes}`);
    database.pragma('trusted_schema = OFF');
    database.pragma('temp_store = MEMORY');
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}
