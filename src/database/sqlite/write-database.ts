import { DatabaseError } from '../database-error.ts';
import type { Migration, Operations, Preparations } from '../engine.ts';
import { Connection, openForWrites } from './connection.ts';
import { migrate } from './migrate.ts';
import { runToEnd } from './run-to-end.ts';
import { toDatabaseError } from './to-database-error.ts';
import { type Answer, type Answers, encodeError, type Request } from './worker-protocol.ts';

type Write = Request & { kind: 'write' };

/** What a kind of database exports. */
export interface WriteModule {
  readonly migrations: readonly Migration[];
  readonly operations: Operations;
  readonly preparations?: Preparations;
}

/** Operations in one transaction: bounds the log and what one failing commit takes with it. */
const maxBatchOperations = 256;
/**
 * Pages of 4 KiB in the log at which it is folded into the file. The more at once, the more of them are the same page; measured under
 * load, 4000 gives two thirds more commits than SQLite's 1000 and a tenth of its slow ones.
 */
const foldPages = 4000;
const foldPagesWhenIdle = 250;
/** A batch takes in no more operations after this long, so that first callers and other databases don't wait. */
const maxBatchMs = 20;

/** A database's write connection and queue, inside a worker: group commit. */
export class WriteDatabase {
  readonly path: string;
  readonly queue: (Write | (Request & { kind: 'close' }))[] = [];
  closed = false;
  /** By `performance.now()`. */
  lastBatchAt = 0;
  readonly #operations: Operations;
  readonly #preparations: Preparations;
  /** Of the first operation of a transaction, which may have to run again; resolves with what went wrong. */
  #preparation: { readonly request: Write; readonly done: Promise<unknown> } | undefined;
  #connection: Connection;
  /** What snapshots held back the last time: no need to try again at each commit. */
  #heldBackPages = 0;

  constructor(path: string, { migrations, operations, preparations = {} }: WriteModule) {
    this.path = path;
    this.#operations = operations;
    this.#preparations = preparations;
    this.#connection = new Connection(openForWrites(path));
    try {
      migrate(this.#connection.database, migrations, path);
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  /**
   * Runs what is queued, up to a bound, in one transaction.
   * @param acceptMore puts requests that have arrived meanwhile into the queues
   * @returns the answers, of which none may be sent before this: all is committed, or has failed
   */
  async runBatch(acceptMore: () => void): Promise<Answers> {
    const first = this.queue[0];
    if (first === undefined) return { answers: [] };
    if (first.kind === 'close') return { answers: [this.#close(first)] };
    const prepared = this.#prepare(first);
    try {
      return await this.#transact(acceptMore, first, prepared);
    } finally {
      await prepared;
      if (this.queue[0] !== first) this.#preparation = undefined;
    }
  }

  async #transact(acceptMore: () => void, first: Write, prepared: Promise<unknown> | undefined): Promise<Answers> {
    const started = performance.now();
    const done: Write[] = [];
    let answers: Answer[] = [];
    let committing = false;
    try {
      this.#connection.beginWrite();
      let taken = 0;
      // The first operation needs no savepoint: undoing it undoes the transaction.
      let alone = true;
      while (taken < maxBatchOperations) {
        if (this.queue.length === 0) acceptMore();
        const request = this.queue[0];
        if (request?.kind !== 'write') break;
        // What is to be prepared begins a transaction.
        if (taken > 0 && Object.hasOwn(this.#preparations, request.name)) break;
        if (taken > 0 && performance.now() - started > maxBatchMs) break;
        this.queue.shift();
        taken++;
        done.push(request);
        if (!alone) this.#connection.beginOperation();
        const answer = await this.#runOperation(request);
        answers.push(answer);
        if (answer.error === undefined) {
          if (!alone) this.#connection.endOperation();
          alone = false;
        } else if (answer.error.code === 'database-operation-waited') {
          // It may still use the connection, so that has to go; the others run again on a new one.
          this.queue.unshift(...done.filter((other) => other !== request));
          this.#reconnect();
          return { answers: [answer] };
        } else if (!this.#connection.database.inTransaction) {
          // SQLite has undone the whole transaction (disk full, read error).
          return { answers: done.map(({ id }) => ({ id, error: answer.error! })) };
        } else if (alone) {
          this.#connection.rollback();
          this.#connection.beginWrite();
        } else {
          this.#connection.undoOperation();
        }
      }
      if (prepared !== undefined) {
        const reason = await prepared;
        if (reason !== undefined && answers[0]!.error === undefined) {
          this.#connection.rollback();
          this.queue.unshift(...done.filter((other) => other !== first));
          return { answers: [this.#failed(first, reason)] };
        }
      }
      committing = true;
      this.#connection.commit();
    } catch (error) {
      const encoded = encodeError(toDatabaseError(error, 'Cannot write database', this.path));
      if (done.length === 0 && !committing) {
        // The transaction could not even begin.
        for (let next = this.queue[0]; next?.kind === 'write'; next = this.queue[0]) {
          done.push(next);
          this.queue.shift();
        }
      }
      answers = done.map(({ id }) => ({ id, error: encoded }));
      try {
        this.#connection.rollback();
      } catch {
        this.#reconnect();
      }
      return { answers };
    }
    return { answers, commit: { operations: done.length, durationMs: performance.now() - started } };
  }

  /** For after the answers: it takes 5 to 15 ms. */
  foldLongLog(): void {
    this.lastBatchAt = performance.now();
    this.#foldFrom(foldPages);
  }

  /** For when nothing is written. @returns whether there was anything to do */
  foldShortLog(): boolean {
    return this.#foldFrom(foldPagesWhenIdle);
  }

  foldAfterSnapshot(): void {
    this.#heldBackPages = 0;
    this.#foldFrom(foldPagesWhenIdle);
  }

  #foldFrom(pages: number): boolean {
    try {
      const inLog = this.#connection.logPages();
      if (inLog < this.#heldBackPages + pages) return false;
      this.#heldBackPages = inLog;
      this.#heldBackPages = this.#connection.foldLog();
    } catch {
      // Nothing is lost: the log stays until the next attempt. A disk that is full or fails is reported by the commit it fails.
    }
    return true;
  }

  async #runOperation(request: Write): Promise<Answer> {
    try {
      const operation = Object.hasOwn(this.#operations, request.name) ? this.#operations[request.name] : undefined;
      if (operation === undefined) throw new TypeError(`there is no operation "${request.name}"`);
      const connection = this.#connection;
      const value: unknown = await runToEnd(
        () => operation(connection, request.args),
        () =>
          new DatabaseError(
            'database-operation-waited',
            `Cannot run operation "${request.name}" on database "${this.path}": it waited for something else than its transactor`,
            { context: { path: this.path, operation: request.name, temporary: false } },
          ),
      );
      return { id: request.id, value };
    } catch (error) {
      return this.#failed(request, error);
    }
  }

  #failed({ id, name }: Write, error: unknown): Answer {
    return { id, error: encodeError(toDatabaseError(error, `Cannot run operation "${name}" on database`, this.path)) };
  }

  /** @returns undefined when there is nothing to prepare */
  #prepare(request: Write): Promise<unknown> | undefined {
    if (!Object.hasOwn(this.#preparations, request.name)) return undefined;
    if (this.#preparation?.request !== request) {
      const done = this.#preparations[request.name]!(request.args as never).then(
        () => undefined,
        (error: unknown) => error,
      );
      this.#preparation = { request, done };
    }
    return this.#preparation.done;
  }

  #reconnect(): void {
    this.#connection.close();
    this.#connection = new Connection(openForWrites(this.path));
  }

  #close(request: Request & { kind: 'close' }): Answer {
    this.queue.shift();
    this.closed = true;
    try {
      // The last connection to close folds the log into the file and removes it. (Waiting for readers here would wait for snapshots.)
      this.#connection.close();
      return { id: request.id };
    } catch (error) {
      return { id: request.id, error: encodeError(toDatabaseError(error, 'Cannot close database', this.path)) };
    }
  }
}
