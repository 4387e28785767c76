import type { Reader } from '../engine.ts';
import { Connection, openForReads } from './connection.ts';

/** Connections that stay open when all are free: one serves reads that don't wait, as nearly all are. */
const keptConnections = 2;

/**
 * Read-only connections of one database. Callers wait in turn when all are taken. A read rarely waits for anything, so that its
 * connection is free again before the event loop turns: only who waits longer than that gets another connection, which costs as
 * much as a hundred reads.
 */
export class ReaderPool {
  readonly #path: string;
  readonly #limit: number;
  readonly #free: Connection[] = [];
  readonly #waiting: ((connection: Connection) => void)[] = [];
  #open = 0;

  constructor(path: string, limit: number) {
    this.#path = path;
    this.#limit = limit;
  }

  async read<Schema, Result>(query: (reader: Reader<Schema>) => Promise<Result>): Promise<Result> {
    const connection = this.#free.pop() ?? (this.#open === 0 ? this.#openAnother() : await this.#wait());
    try {
      connection.beginRead();
      return await query(connection as Connection<unknown> as Connection<Schema>);
    } finally {
      this.#give(connection);
    }
  }

  /** Closes the connections, none of which may be taken. */
  close(): void {
    for (const connection of this.#free.splice(0)) connection.close();
    this.#open = 0;
  }

  async #wait(): Promise<Connection> {
    return await new Promise<Connection>((resolve, reject) => {
      this.#waiting.push(resolve);
      setImmediate(() => {
        const at = this.#waiting.indexOf(resolve);
        if (at === -1 || this.#open >= this.#limit) return;
        this.#waiting.splice(at, 1);
        try {
          resolve(this.#openAnother());
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  #openAnother(): Connection {
    const opened = new Connection(openForReads(this.#path));
    this.#open++;
    return opened;
  }

  #give(connection: Connection): void {
    connection.endRead();
    const next = this.#waiting.shift();
    if (next !== undefined) next(connection);
    else if (this.#free.length < keptConnections) this.#free.push(connection);
    else {
      connection.close();
      this.#open--;
    }
  }
}
