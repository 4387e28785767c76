import { silentLog } from '../../runtime/log.ts';
import { DatabaseError } from '../database-error.ts';
import type { Database, DatabaseEngine, DatabaseKind, DatabaseSnapshot, Operations } from '../engine.ts';
import { createSqliteEngine } from './sqlite-engine.ts';

/** Whose write thread all tests of a process use: to start one takes longer than most tests do. It ends with the process. */
let shared: DatabaseEngine | undefined;

/** An engine for one test, which it disposes of: its databases and snapshots end then, whether they were disposed of or not. */
export function createTestEngine(): DatabaseEngine {
  shared ??= createSqliteEngine({ log: silentLog, workers: 1 });
  return new TestEngine(shared);
}

class TestEngine implements DatabaseEngine {
  readonly #engine: DatabaseEngine;
  readonly #taken = new Set<Promise<AsyncDisposable>>();
  #disposing: Promise<void> | undefined;

  constructor(engine: DatabaseEngine) {
    this.#engine = engine;
  }

  get filesMayBeErased(): boolean {
    return this.#engine.filesMayBeErased;
  }

  async open<Schema, Ops extends Operations>(
    kind: DatabaseKind<Schema, Ops>,
    path: string,
  ): Promise<Database<Schema, Ops>> {
    return await this.#take(path, () => this.#engine.open(kind, path));
  }

  async changeFiles<Result>(change: () => Promise<Result>): Promise<Result> {
    return await this.#engine.changeFiles(change);
  }

  async snapshot(atInstant?: () => Promise<void>): Promise<DatabaseSnapshot> {
    return await this.#take('snapshot', () => this.#engine.snapshot(atInstant));
  }

  async #take<Taken extends AsyncDisposable>(what: string, take: () => Promise<Taken>): Promise<Taken> {
    if (this.#disposing !== undefined) {
      throw new DatabaseError('database-closed', `Cannot open "${what}": the database engine is closed`, {
        context: { temporary: false },
      });
    }
    const taken = take();
    this.#taken.add(taken);
    return await taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposing ??= this.#dispose();
    await this.#disposing;
  }

  async #dispose(): Promise<void> {
    const taken = (await Promise.allSettled(this.#taken)).flatMap((each) => ('value' in each ? [each.value] : []));
    const results = await Promise.allSettled(taken.map((each) => each[Symbol.asyncDispose]()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}
