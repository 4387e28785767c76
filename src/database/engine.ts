import type { Kysely } from 'kysely';

/**
 * The engine interface: what a stateful part writes its queries and operations against, once, for every SQL engine.
 *
 * Reads run in this process, each inside one read transaction. Writes are named operations that run in a worker: the worker takes
 * what has queued up for a database, runs it in one transaction (each operation in a savepoint of its own, so that one that fails
 * undoes only itself), commits once, and answers all. When `write` resolves, the change is durable and every later read sees it.
 */

export type Parameter = string | number | bigint | Uint8Array | null;

/** Reads of one instant. */
export interface Reader<Schema> {
  /** Typed queries. On hot paths use `all`, `first` and `each`, whose prepared statements are cached by their text. */
  readonly kysely: Kysely<Schema>;
  all<Row>(sql: string, parameters?: readonly Parameter[]): Promise<Row[]>;
  first<Row>(sql: string, parameters?: readonly Parameter[]): Promise<Row | undefined>;
}

/** Reads and writes of one operation, inside the write transaction. No network, no message files, no waiting in here. */
export interface Transactor<Schema> extends Reader<Schema> {
  run(sql: string, parameters?: readonly Parameter[]): Promise<{ changes: number; lastInsertId: number }>;
  /** Runs one statement for each set of parameters. */
  runEach(sql: string, parameterSets: Iterable<readonly Parameter[]>): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: operations of one map differ in their arguments and results; `write` gives the types back
export type Operation<Schema, Arguments = any, Result = any> = (
  transactor: Transactor<Schema>,
  args: Arguments,
) => Promise<Result>;

// biome-ignore lint/suspicious/noExplicitAny: as above
export type Operations = Record<string, (transactor: any, args: any) => Promise<any>>;

/**
 * What an operation needs on the disk besides its rows, such as a file that they refer to. It gets the operation's arguments, begins before
 * the transaction and is waited for before the commit, which then means that both are there. When it fails, so does the operation. The
 * worker does little else meanwhile: for what takes no longer than a commit does.
 */
export type Preparations = Record<string, (args: never) => Promise<void>>;

type ArgumentsOf<Op> = Op extends (transactor: never, args: infer Arguments) => unknown ? Arguments : never;
type ResultOf<Op> = Op extends (...args: never) => Promise<infer Result> ? Result : never;

export interface Migration {
  /** 1, 2, 3, …: each applied once, in order, in a transaction of its own. Never edited after a release. */
  readonly version: number;
  readonly sql: string;
}

/**
 * A kind of database. `module` exports `migrations: readonly Migration[]` and `operations: Operations`, and `preparations: Preparations`
 * if some operations have one, by their names; workers import it.
 * Arguments and results of operations cross a thread boundary: plain objects, arrays, numbers, strings, Uint8Array (structured
 * clone). An error that an operation throws arrives as it was if it is a RestanteError (code, message, hint, context).
 */
export interface DatabaseKind<Schema, Ops extends Operations> {
  readonly name: string;
  readonly module: URL;
  /** Never set: carries the types. */
  readonly types?: { schema: Schema; operations: Ops };
}

export interface Database<Schema, Ops extends Operations> extends AsyncDisposable {
  readonly path: string;
  /**
   * Another with every write: reads that begin and end with the same see the same. Undefined while a write is under way, or where it can't be
   * known what others write.
   */
  readonly version: number | undefined;
  /** Runs `query` inside one read transaction. It must not wait for anything but this reader. */
  read<Result>(query: (reader: Reader<Schema>) => Promise<Result>): Promise<Result>;
  write<Name extends keyof Ops & string>(name: Name, args: ArgumentsOf<Ops[Name]>): Promise<ResultOf<Ops[Name]>>;
}

export interface CopyOptions {
  readonly signal: AbortSignal;
  /** Bytes done and bytes in all. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Whether the copy is on disk when it is done; false leaves that to the caller. Default true. */
  readonly flush?: boolean;
  /** Most bytes in a second; undefined: no limit. */
  readonly bytesPerSecond?: number | undefined;
  /** Whether this thread has nobody to answer, and may be held for some hundredths of a second: that is several times as quick. */
  readonly mayHold?: boolean;
}

/** What all databases held at one instant, while writers go on. */
export interface DatabaseSnapshot extends AsyncDisposable {
  /** Milliseconds since the epoch. */
  readonly instant: number;
  /** How long writers were held, in milliseconds. */
  readonly pauseMs: number;
  readonly sqliteVersion: string;
  /** Reads a database as of the instant. */
  read<Schema, Result>(path: string, query: (reader: Reader<Schema>) => Promise<Result>): Promise<Result>;
  /** Copies a database as of the instant to a new file: complete, without journal, checked to open. */
  copy(path: string, destination: string, options: CopyOptions): Promise<{ schemaVersion: number }>;
}

export interface DatabaseEngine extends AsyncDisposable {
  /** Opens (creating and migrating as needed). The same path opened twice shares one database; each opening is disposed of. */
  open<Schema, Ops extends Operations>(kind: DatabaseKind<Schema, Ops>, path: string): Promise<Database<Schema, Ops>>;
  /**
   * Runs a change that is not in one database (a configuration file, a key, writes to several databases) so that no snapshot falls
   * into the middle of it.
   */
  changeFiles<Result>(change: () => Promise<Result>): Promise<Result>;
  /**
   * Closes the gate for writers, pins every open database, opens the gate. A database opened later is pinned before its first
   * write. While a snapshot is open `filesMayBeErased` is false.
   * @param atInstant runs while the gate is closed: reads small files that belong to the same instant; milliseconds count
   */
  snapshot(atInstant?: () => Promise<void>): Promise<DatabaseSnapshot>;
  /** Whether files that no live row refers to may be removed now; false while a snapshot is open. */
  readonly filesMayBeErased: boolean;
}
