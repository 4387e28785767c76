import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { DatabaseError } from '../database-error.ts';
import type { DatabaseSnapshot, Reader } from '../engine.ts';
import { Connection } from './connection.ts';
import { type CopyOptions, copyPinned } from './copy-pinned.ts';
import { toDatabaseError } from './to-database-error.ts';

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

/**
 * Databases that were open at the instant, or are opened later, have a lasting pin. All others are as they were at the instant, so
 * that they are pinned only while they are read.
 */
export class SqliteSnapshot implements DatabaseSnapshot {
  readonly instant: number;
  readonly pauseMs: number;
  readonly #pins: Map<string, Pin | 'absent'>;
  readonly #onDispose: (snapshot: SqliteSnapshot, paths: string[]) => Promise<void>;
  #disposed = false;

  constructor(options: {
    instant: number;
    pauseMs: number;
    pins: Map<string, Pin>;
    onDispose: (snapshot: SqliteSnapshot, paths: string[]) => Promise<void>;
  }) {
    this.instant = options.instant;
    this.pauseMs = options.pauseMs;
    this.#pins = options.pins;
    this.#onDispose = options.onDispose;
  }

  /** Called before a database that was not open is opened, hence written. */
  pinBeforeOpening(path: string): void {
    const pin = this.#pins.get(path);
    if (pin === 'absent') return;
    if (pin !== undefined) {
      pin.lasting = true;
      return;
    }
    if (existsSync(path)) {
      const added = new Pin(path);
      added.hold();
      added.lasting = true;
      this.#pins.set(path, added);
    } else {
      this.#pins.set(path, 'absent');
    }
  }

  async read<Schema, Result>(path: string, query: (reader: Reader<Schema>) => Promise<Result>): Promise<Result> {
    return await this.#use(path, (pin) => query(pin.connection as Connection<unknown> as Connection<Schema>));
  }

  async copy(path: string, destination: string, options: CopyOptions): Promise<void> {
    await this.#use(path, async (pin) => {
      try {
        await copyPinned(pin.connection.database, destination, options);
      } catch (error) {
        if (options.signal.aborted) throw error;
        throw toDatabaseError(error, `Cannot copy to "${destination}" the database`, path);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const pins = [...this.#pins].filter((entry): entry is [string, Pin] => entry[1] !== 'absent');
    for (const [, pin] of pins) pin.release();
    // The log could not be folded beyond the instant until now. The worker does it; then closing here has nothing left to do.
    await this.#onDispose(
      this,
      pins.map(([path]) => path),
    );
    for (const [, pin] of pins) pin.close();
  }

  async #use<Result>(path: string, work: (pin: Pin) => Promise<Result>): Promise<Result> {
    const key = resolve(path);
    if (this.#disposed) {
      throw new DatabaseError('database-closed', `Cannot read database "${path}": the snapshot is closed`, {
        context: { path },
      });
    }
    let pin = this.#pins.get(key);
    if (pin === undefined && existsSync(key)) {
      try {
        pin = new Pin(key);
        pin.hold();
      } catch (error) {
        throw toDatabaseError(error, 'Cannot read database', key);
      }
      this.#pins.set(key, pin);
    }
    if (pin === undefined || pin === 'absent') {
      throw new DatabaseError(
        'database-not-in-snapshot',
        `Cannot read database "${path}": it did not exist at the snapshot's instant`,
        {
          context: { path, temporary: false },
        },
      );
    }
    pin.users++;
    try {
      return await work(pin);
    } finally {
      pin.users--;
      if (pin.users === 0 && !pin.lasting && !this.#disposed) {
        this.#pins.delete(key);
        pin.release();
        pin.close();
      }
    }
  }
}
