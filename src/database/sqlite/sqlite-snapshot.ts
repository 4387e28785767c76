import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import type { RestanteError } from '../../runtime/errors.ts';
import { DatabaseError } from '../database-error.ts';
import type { CopyOptions, DatabaseSnapshot, Reader } from '../engine.ts';
import { Connection } from './connection.ts';
import { copyPinned } from './copy-pinned.ts';
import { toDatabaseError, toReadError } from './to-database-error.ts';

/**
 * A connection for a snapshot. It may write only to tidy up: were it read-only, closing it last would leave empty -wal and -shm files.
 */
export class Pin {
  readonly #connection: Connection;
  users = 0;
  /** Whether the database may have been written since, so that this pin alone knows the instant. */
  lasting = false;

  constructor(path: string) {
    const database = new SqliteDatabase(path, { fileMustExist: true, timeout: 5000 });
    // A restored database has a rollback journal still: pinned so, it could not be opened for writes.
    database.pragma('journal_mode = WAL');
    database.pragma('query_only = ON');
    database.pragma(`cache_size = -${cacheKibibytes}`);
    this.#connection = new Connection(database);
    // The first read opens the log and reads the schema: done before the gate closes.
    this.hold();
    this.#connection.endRead();
  }

  /** From here on it sees this instant. */
  hold(): void {
    this.#connection.beginRead();
    this.#connection.pin();
  }

  get connection(): Connection {
    return this.#connection;
  }

  release(): void {
    this.#connection.endRead();
  }

  close(): void {
    this.#connection.close();
  }
}

const sqliteVersion = ((): string => {
  const database = new SqliteDatabase(':memory:');
  try {
    return database.prepare('SELECT sqlite_version()').pluck().get() as string;
  } finally {
    database.close();
  }
})();

/** What is read for a backup is read once, from the first row to the last, and many databases are pinned at a time. */
const cacheKibibytes = 1024;

/** Pins that nobody uses at the moment, and that are kept: what reads a database reads it again soon, and opening one takes a while. */
const keptPins = 4;

/** A pin, or that there was no such database at the instant, or why it cannot be read. */
export type PinState = Pin | 'absent' | RestanteError;

export function pinOrError(path: string, hold: boolean): Pin | RestanteError {
  let pin: Pin | undefined;
  try {
    pin = new Pin(path);
    if (hold) pin.hold();
    return pin;
  } catch (error) {
    pin?.close();
    return toDatabaseError(error, 'Cannot read for a snapshot the database', path);
  }
}

/**
 * Databases that were open at the instant, or are opened later, have a lasting pin. All others are as they were at the instant, so
 * that they are pinned only while they are read.
 */
export class SqliteSnapshot implements DatabaseSnapshot {
  readonly instant: number;
  readonly pauseMs: number;
  readonly sqliteVersion = sqliteVersion;
  readonly #pins: Map<string, PinState>;
  readonly #onDispose: (snapshot: SqliteSnapshot) => void;
  readonly #fold: (path: string) => Promise<void>;
  /** Not lasting and not used at the moment; the least recently used first. */
  readonly #kept = new Map<string, Pin>();
  #disposed: Promise<void> | undefined;

  constructor(options: {
    instant: number;
    pauseMs: number;
    pins: Map<string, PinState>;
    onDispose: (snapshot: SqliteSnapshot) => void;
    /** Folds the log of a database, which could not be folded beyond the instant until now. */
    fold: (path: string) => Promise<void>;
  }) {
    this.instant = options.instant;
    this.pauseMs = options.pauseMs;
    this.#pins = options.pins;
    this.#onDispose = options.onDispose;
    this.#fold = options.fold;
  }

  /** Called before a database that was not open is opened, hence written. */
  pinBeforeOpening(path: string): void {
    const pin = this.#pins.get(path);
    if (pin instanceof Pin) {
      pin.lasting = true;
      this.#kept.delete(path);
    } else if (pin === undefined) {
      const added = existsSync(path) ? pinOrError(path, true) : 'absent';
      if (added instanceof Pin) added.lasting = true;
      this.#pins.set(path, added);
    }
  }

  async read<Schema, Result>(path: string, query: (reader: Reader<Schema>) => Promise<Result>): Promise<Result> {
    return await this.#use(path, async (pin) => {
      try {
        return await query(pin.connection as Connection<unknown> as Connection<Schema>);
      } catch (error) {
        throw toReadError(error, path);
      }
    });
  }

  async copy(path: string, destination: string, options: CopyOptions): Promise<{ schemaVersion: number }> {
    return await this.#use(path, async (pin) => {
      try {
        return await copyPinned(pin.connection.database, destination, options);
      } catch (error) {
        if (options.signal.aborted) throw error;
        throw toDatabaseError(error, `Cannot copy to "${destination}" the database`, path);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    await this.#disposed;
  }

  async #dispose(): Promise<void> {
    this.#letGo(0);
    const pins = [...this.#pins].filter((entry): entry is [string, Pin] => entry[1] instanceof Pin);
    for (const [, pin] of pins) pin.release();
    this.#onDispose(this);
    for (const [path, pin] of pins) {
      // By a worker, and before the last connection closes, which would do it here.
      await this.#fold(path);
      pin.close();
    }
  }

  async #use<Result>(path: string, work: (pin: Pin) => Promise<Result>): Promise<Result> {
    const key = resolve(path);
    if (this.#disposed !== undefined) {
      throw new DatabaseError('database-closed', `Cannot read database "${path}": the snapshot is closed`, {
        context: { path, temporary: false },
      });
    }
    let pin = this.#pins.get(key);
    if (pin === undefined && existsSync(key)) {
      pin = pinOrError(key, true);
      if (pin instanceof Pin) this.#pins.set(key, pin);
    }
    if (pin === undefined || pin === 'absent') {
      throw new DatabaseError(
        'database-not-in-snapshot',
        `Cannot read database "${path}": it did not exist at the snapshot's instant`,
        { context: { path, temporary: false } },
      );
    }
    if (!(pin instanceof Pin)) throw pin;
    pin.users++;
    this.#kept.delete(key);
    try {
      return await work(pin);
    } finally {
      pin.users--;
      if (pin.users === 0 && !pin.lasting && this.#disposed === undefined) {
        this.#kept.set(key, pin);
        this.#letGo(keptPins);
      }
    }
  }

  #letGo(kept: number): void {
    for (const [key, pin] of this.#kept) {
      if (this.#kept.size <= kept) return;
      this.#kept.delete(key);
      this.#pins.delete(key);
      pin.release();
      pin.close();
    }
  }
}
