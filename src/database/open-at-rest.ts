import { constants, existsSync, statSync } from 'node:fs';
import { copyFile, link, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import type { Answers, AskInThread } from './ask-at-rest.ts';
import type { Finding } from './durable-part.ts';
import type { Migration, Parameter, Reader } from './engine.ts';
import { Connection } from './sqlite/connection.ts';
import { migrate, userVersion } from './sqlite/migrate.ts';
import { toDatabaseError, toReadError } from './sqlite/to-database-error.ts';

export interface DatabaseAtRest extends AsyncDisposable {
  /** Number of the last migration applied. */
  readonly userVersion: number;
  /** All reads see one state. */
  reader<Schema>(): Reader<Schema>;
  /**
   * For questions that take long: asked in the thread that was given, else here.
   * @param questions SQL without parameters
   * @returns the rows of each
   */
  ask<Row>(questions: readonly string[]): Promise<Row[][]>;
  /**
   * Checks the file's structure, its foreign keys, and, given migrations, that its tables are those that they make. Runs for
   * seconds on a database of gigabytes, in steps of one table.
   */
  check(options: { migrations?: readonly Migration[]; signal: AbortSignal }): Promise<Finding[]>;
  /**
   * The same database with all migrations applied: itself, or a copy of an older one, so that what is said of newer ones can be asked of
   * it.
   * @param temporaryDirectory private to the caller; takes the copy
   * @throws DatabaseError `database-migration-failed`
   */
  newest(
    migrations: readonly Migration[],
    temporaryDirectory: string,
  ): Promise<Pick<DatabaseAtRest, 'reader' | 'ask'> & AsyncDisposable>;
}

/**
 * Up to this size a file is checked in one step, above it table by table: that leaves out the list of free pages, but doesn't hold the
 * event loop for as long.
 */
const wholeCheckBytes = 16 * 1024 * 1024;
/** Findings of one kind in one database; more say no more. */
const maxFindings = 20;

const orphanRows = `SELECT * FROM pragma_foreign_key_check LIMIT ${maxFindings}`;

interface OrphanRow {
  readonly table: string;
  readonly rowid: number;
  readonly parent: string;
}

/**
 * Opens a database of a backup or of a stopped server, without changing or creating any file beside it. It must have no other user:
 * see `lockDataDirectory`.
 * @param temporaryDirectory private to the caller; takes links or, on another file system, copies of the files meanwhile
 * @param askInThread so that checks hold up nothing else on this thread
 * @throws DatabaseError `database-cannot-open`, `database-corrupt`
 */
export async function openDatabaseAtRest(
  path: string,
  temporaryDirectory: string,
  askInThread?: AskInThread,
): Promise<DatabaseAtRest> {
  let directory: string | undefined;
  let database: Database | undefined;
  try {
    let opened = path;
    const writable = existsSync(`${path}-journal`);
    // SQLite also opens a log that the file's header doesn't speak of.
    if (writable || existsSync(`${path}-wal`) || (await usesLog(path))) {
      // Opening would make -wal and -shm, or play back a journal, beside the file: so that happens in a place of its own.
      directory = await mkdtemp(join(temporaryDirectory, 'database-'));
      opened = join(directory, basename(path));
      await placeFile(path, opened, writable);
      for (const suffix of ['-wal', '-journal']) {
        if (existsSync(`${path}${suffix}`))
          await copyFile(`${path}${suffix}`, `${opened}${suffix}`, constants.COPYFILE_FICLONE);
      }
    }
    database = new SqliteDatabase(opened, { readonly: !writable, fileMustExist: true });
    database.pragma('trusted_schema = OFF');
    database.pragma('temp_store = MEMORY');
    const connection = new Connection(database);
    connection.beginRead();
    connection.pin();
    return new OpenedAtRest(path, connection, directory, askInThread);
  } catch (error) {
    database?.close();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    throw toDatabaseError(error, 'Cannot open database', path);
  }
}

class OpenedAtRest implements DatabaseAtRest {
  readonly userVersion: number;
  readonly #path: string;
  readonly #connection: Connection;
  readonly #directory: string | undefined;
  readonly #askInThread: AskInThread | undefined;

  constructor(
    path: string,
    connection: Connection,
    directory: string | undefined,
    askInThread: AskInThread | undefined,
  ) {
    this.#path = path;
    this.#connection = connection;
    this.#directory = directory;
    this.#askInThread = askInThread;
    this.userVersion = userVersion(connection.database);
  }

  reader<Schema>(): Reader<Schema> {
    return new NamedReader(this.#connection as Connection<unknown> as Connection<Schema>, this.#path);
  }

  async ask<Row>(questions: readonly string[]): Promise<Row[][]> {
    const { rows, error } = await this.#answers(questions);
    if (error !== undefined) throw toReadError(new SqliteDatabase.SqliteError(error.message, error.code), this.#path);
    return rows as Row[][];
  }

  async check(options: { migrations?: readonly Migration[]; signal: AbortSignal }): Promise<Finding[]> {
    const findings: Finding[] = [];
    const add = (code: string, message: string) => {
      findings.push({ severity: 'error', code, message, path: this.#path, hint: 'Restore the file from a backup.' });
    };
    try {
      const { rows, error } = await this.#answers([...this.#integrityChecks(), orphanRows], options.signal);
      options.signal.throwIfAborted();
      const orphans = error === undefined ? (rows.at(-1) as OrphanRow[]) : [];
      const checked = (error === undefined ? rows.slice(0, -1) : rows) as { integrity_check: string }[][];
      const problems = checked.flatMap((part) => part.map((row) => row.integrity_check));
      for (const problem of problems.filter((each) => each !== 'ok').slice(0, maxFindings))
        add('database-damaged', `Database is damaged: ${problem}`);
      if (findings.length > 0) return findings;
      if (error !== undefined) throw new SqliteDatabase.SqliteError(error.message, error.code);
      for (const { table, rowid, parent } of orphans) {
        add('database-orphan', `Row ${rowid} of table "${table}" refers to a row of "${parent}" that does not exist`);
      }
      for (const difference of this.#differences(options.migrations)) add('database-schema', difference);
    } catch (error) {
      if (options.signal.aborted) throw error;
      add('database-damaged', toDatabaseError(error, 'Cannot check database', this.#path).message);
    }
    return findings;
  }

  async newest(
    migrations: readonly Migration[],
    temporaryDirectory: string,
  ): Promise<Pick<DatabaseAtRest, 'reader' | 'ask'> & AsyncDisposable> {
    if (this.userVersion >= migrations.length) {
      return {
        reader: () => this.reader(),
        ask: (questions) => this.ask(questions),
        async [Symbol.asyncDispose]() {},
      };
    }
    const directory = await mkdtemp(join(temporaryDirectory, 'migrated-'));
    try {
      const path = join(directory, basename(this.#path));
      await this.#connection.database.backup(path);
      const copy = new SqliteDatabase(path, { fileMustExist: true });
      try {
        copy.pragma('journal_mode = MEMORY');
        copy.pragma('synchronous = OFF');
        migrate(copy, migrations, this.#path);
      } finally {
        copy.close();
      }
      const migrated = await openDatabaseAtRest(path, directory, this.#askInThread);
      return {
        reader: () => migrated.reader(),
        ask: (questions) => migrated.ask(questions),
        async [Symbol.asyncDispose]() {
          await migrated[Symbol.asyncDispose]();
          await rm(directory, { recursive: true, force: true });
        },
      };
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  #integrityChecks(): string[] {
    const { database } = this.#connection;
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0")
      .pluck()
      .all() as string[];
    if (statSync(database.name).size <= wholeCheckBytes || tables.length === 0) {
      return [`PRAGMA integrity_check(${maxFindings})`];
    }
    return ['sqlite_schema', ...tables].map((table) => `PRAGMA integrity_check("${table.replaceAll('"', '""')}")`);
  }

  async #answers(questions: readonly string[], signal?: AbortSignal): Promise<Answers> {
    const { database } = this.#connection;
    if (this.#askInThread !== undefined) return await this.#askInThread(database.name, questions);
    const rows: unknown[][] = [];
    try {
      for (const question of questions) {
        signal?.throwIfAborted();
        rows.push(database.prepare(question).all());
        if (questions.length > 2) await new Promise((next) => setImmediate(next));
      }
      return { rows };
    } catch (error) {
      if (!(error instanceof SqliteDatabase.SqliteError)) throw error;
      return { rows, error };
    }
  }

  #differences(migrations: readonly Migration[] | undefined): string[] {
    if (migrations === undefined) return [];
    if (this.userVersion > migrations.length) {
      return [`Database has version ${this.userVersion}, and this software knows versions up to ${migrations.length}`];
    }
    const expected = expectedSchema(migrations, this.userVersion);
    const found = schemaOf(this.#connection.database);
    const differences: string[] = [];
    for (const [name, sql] of expected) {
      if (!found.has(name)) differences.push(`The ${name} is missing`);
      else if (found.get(name) !== sql) differences.push(`The ${name} differs from what the software made`);
    }
    for (const name of found.keys()) if (!expected.has(name)) differences.push(`The ${name} is not the software's`);
    return differences.slice(0, maxFindings);
  }
}

/** Errors of reads say which database could not be read. */
class NamedReader<Schema> implements Reader<Schema> {
  readonly #connection: Connection<Schema>;
  readonly #path: string;

  constructor(connection: Connection<Schema>, path: string) {
    this.#connection = connection;
    this.#path = path;
  }

  get kysely(): Reader<Schema>['kysely'] {
    return this.#connection.kysely;
  }

  async all<Row>(sql: string, parameters?: readonly Parameter[]): Promise<Row[]> {
    try {
      return await this.#connection.all<Row>(sql, parameters);
    } catch (error) {
      throw toReadError(error, this.#path);
    }
  }

  async first<Row>(sql: string, parameters?: readonly Parameter[]): Promise<Row | undefined> {
    try {
      return await this.#connection.first<Row>(sql, parameters);
    } catch (error) {
      throw toReadError(error, this.#path);
    }
  }
}

/** Many databases are of one kind, and nearly all have its newest version. */
const expectedSchemas = new WeakMap<readonly Migration[], { version: number; schema: Schema }>();

function expectedSchema(migrations: readonly Migration[], version: number): Schema {
  const known = expectedSchemas.get(migrations);
  if (known?.version === version) return known.schema;
  const fresh = new SqliteDatabase(':memory:');
  try {
    migrate(fresh, migrations.slice(0, version), ':memory:');
    const schema = schemaOf(fresh);
    expectedSchemas.set(migrations, { version, schema });
    return schema;
  } finally {
    fresh.close();
  }
}

/** `table "x"` or the like, and its SQL. */
type Schema = ReadonlyMap<string, string | null>;

function schemaOf(database: Database): Schema {
  const rows = database
    .prepare("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name")
    .all() as { type: string; name: string; sql: string | null }[];
  return new Map(rows.map(({ type, name, sql }) => [`${type} "${name}"`, sql]));
}

/** Whether the file's header, bytes 18 and 19, says that it is used with a write-ahead log. */
async function usesLog(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const header = Buffer.alloc(20);
    await file.read(header, 0, 20, 0);
    return header[18] === 2 || header[19] === 2;
  } finally {
    await file.close();
  }
}

/** A hard link costs nothing, and a connection that only reads leaves the file as it is. */
async function placeFile(path: string, place: string, writable: boolean): Promise<void> {
  if (!writable && (await stat(path)).isFile()) {
    try {
      await link(path, place);
      return;
    } catch {
      // Another file system, or one without links.
    }
  }
  await copyFile(path, place, constants.COPYFILE_FICLONE);
}
