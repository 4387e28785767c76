import type { Reader } from '../engine.ts';
import { Connection, openForReads } from './connection.ts';

/** Connections that stay open when all are free: one serves reads that don't wait, as nearly all are. */
const keptConnections = 2;

/** Read-only connections of one database. Callers wait in turn when all are taken. */
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
    const connection = this.#take() ?? (await new Promise<Connection>((resolve) => this.#waiting.push(resolve)));
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

  #take(): Connection | undefined {
    const connection = this.#free.pop();
    if (connection !== undefined) return connection;
    if (this.#open >= this.#limit) return undefined;
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
