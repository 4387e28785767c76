import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { type Clock, systemClock } from '../../runtime/clock.ts';
import { limits } from '../../runtime/limits.ts';
import type { Log } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import { DatabaseError } from '../database-error.ts';
import type { Database, DatabaseEngine, DatabaseKind, DatabaseSnapshot, Operations, Reader } from '../engine.ts';
import { OpenDatabase } from './open-database.ts';
import { Pin, type PinState, pinOrError, SqliteSnapshot } from './sqlite-snapshot.ts';
import { toDatabaseError } from './to-database-error.ts';
import type { Commit } from './worker-protocol.ts';
import { Gate } from './write-gate.ts';
import { WriteWorkerClient } from './write-worker-client.ts';

/*
 * Layout: one file per database, `<path>`, with `<path>-wal` and `<path>-shm` beside it while it is open or after a crash. Invariants:
 * only a write worker writes, one connection per database; whoever wants an answer waits for a COMMIT with synchronous=FULL. A crash
 * leaves the log, from which SQLite restores every commit at the next opening. While the engine runs no other code may open and close
 * a database file in this process: closing any descriptor of a file drops the process's locks on it (fcntl).
 */

export interface SqliteEngineOptions {
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  /** Threads that write. */
  readonly workers?: number;
  /** Reads of one database under way at once; more wait. Reads inside reads of the same database can use up all and wait for ever. */
  readonly readConnectionsPerDatabase?: number;
  /** Beyond this, databases that nobody uses at the moment are closed until their next use. */
  readonly maxOpenDatabases?: number;
}

export function createSqliteEngine(options: SqliteEngineOptions): DatabaseEngine {
  return new SqliteEngine(options);
}

class SqliteEngine implements DatabaseEngine {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #workers: WriteWorkerClient[];
  readonly #readLimit: number;
  readonly #maxOpen: number;
  readonly #databases = new Map<string, OpenDatabase>();
  /** Those open now, the least recently used first. */
  readonly #open = new Set<OpenDatabase>();
  readonly #snapshots = new Set<SqliteSnapshot>();
  readonly #fileGate = new Gate();
  readonly #openGate = new Gate();
  #lastUsed: OpenDatabase | undefined;
  #snapshotTurn: Promise<unknown> = Promise.resolve();
  #snapshotsInMaking = 0;
  #disposing: Promise<void> | undefined;
  readonly #observePause: (ms: number) => void;

  constructor(options: SqliteEngineOptions) {
    this.#log = options.log;
    this.#clock = options.clock ?? systemClock;
    this.#readLimit = options.readConnectionsPerDatabase ?? limits.readConnectionsPerDatabase;
    this.#maxOpen = options.maxOpenDatabases ?? limits.openDatabases;
    const observeCommit = commitMetrics(options.metrics, () => this.#open.size);
    const pauses = options.metrics?.histogram(
      'restante_database_snapshot_pause_seconds',
      'How long a snapshot held the writers',
      [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
    );
    this.#observePause = (ms) => pauses?.observe(ms / 1000);
    const count = Math.max(1, options.workers ?? Math.min(2, availableParallelism()));
    const worker = {
      onCommit: observeCommit,
      onDeath: (error: Error) =>
        this.#log.error({ err: error }, 'A write worker ended: starting another when it is needed'),
    };
    this.#workers = Array.from({ length: count }, () => new WriteWorkerClient(worker));
  }

  get filesMayBeErased(): boolean {
    return this.#snapshots.size === 0 && this.#snapshotsInMaking === 0;
  }

  async open<Schema, Ops extends Operations>(
    kind: DatabaseKind<Schema, Ops>,
    path: string,
  ): Promise<Database<Schema, Ops>> {
    this.#checkNotDisposed(path);
    const key = resolve(path);
    let database = this.#databases.get(key);
    while (database?.ended !== undefined) {
      await database.ended;
      database = this.#databases.get(key);
    }
    if (database === undefined) {
      database = new OpenDatabase(key, kind.module.href, {
        readLimit: this.#readLimit,
        chooseWorker: () => this.#workers.reduce((least, worker) => (worker.load < least.load ? worker : least)),
        opening: (opened, open) =>
          this.#openGate.pass(async () => {
            for (const snapshot of this.#snapshots) snapshot.pinBeforeOpening(opened);
            await open();
          }),
        used: (used) => this.#use(used),
        unused: () => this.#closeIdle(),
        closed: (closed) => {
          this.#open.delete(closed);
          if (this.#lastUsed === closed) this.#lastUsed = undefined;
        },
      });
      this.#databases.set(key, database);
    }
    const shared = database;
    if (shared.module !== kind.module.href)
      throw new TypeError(`Cannot open "${path}" as ${kind.name}: it is open as another kind`);
    shared.handles++;
    try {
      await shared.open();
    } catch (error) {
      await this.#giveUp(shared);
      throw error;
    }
    return new Handle<Schema, Ops>(shared, () => this.#giveUp(shared));
  }

  async changeFiles<Result>(change: () => Promise<Result>): Promise<Result> {
    return await this.#fileGate.pass(change);
  }

  async snapshot(atInstant?: () => Promise<void>): Promise<DatabaseSnapshot> {
    this.#checkNotDisposed('snapshot');
    this.#snapshotsInMaking++;
    const turn = this.#snapshotTurn
      .then(() => this.#takeSnapshot(atInstant))
      .finally(() => {
        this.#snapshotsInMaking--;
      });
    this.#snapshotTurn = turn.catch(() => {});
    return await turn;
  }

  async #takeSnapshot(atInstant: (() => Promise<void>) | undefined): Promise<SqliteSnapshot> {
    const pins = new Map<string, PinState>();
    const reopen: (() => void)[] = [];
    try {
      // Opening connections takes longest: done while writers go on, in slices.
      await this.#preparePins(pins);
      // Changes of files may open databases, not the other way round: hence this order.
      const files = await this.#fileGate.close();
      reopen.push(() => files.open());
      const openings = await this.#openGate.close();
      reopen.push(() => openings.open());
      await this.#preparePins(pins);

      const started = performance.now();
      reopen.push(() => {
        for (const worker of this.#workers) worker.resume();
      });
      await Promise.all(this.#workers.map((worker) => worker.pause()));
      const instant = this.#clock.now();
      holdPins(pins, this.#open);
      await atInstant?.();
      for (const resume of reopen.splice(0).reverse()) resume();
      const pauseMs = performance.now() - started;
      this.#observePause(pauseMs);

      const snapshot = new SqliteSnapshot({
        instant,
        pauseMs,
        pins,
        onDispose: (ended) => this.#snapshots.delete(ended),
        fold: (path) => this.#fold(path),
      });
      this.#snapshots.add(snapshot);
      return snapshot;
    } catch (error) {
      for (const pin of pins.values()) if (pin instanceof Pin) pin.close();
      throw error;
    } finally {
      for (const resume of reopen.reverse()) resume();
    }
  }

  async #preparePins(pins: Map<string, PinState>): Promise<void> {
    let sliceEnds = performance.now() + 5;
    for (const { path } of [...this.#open]) {
      if (!pins.has(path)) pins.set(path, pinOrError(path, false));
      if (performance.now() > sliceEnds) {
        await new Promise((next) => setImmediate(next));
        sliceEnds = performance.now() + 5;
      }
    }
  }

  async #fold(path: string): Promise<void> {
    if (!existsSync(path)) return;
    const worker = this.#databases.get(path)?.worker ?? this.#workers[0]!;
    try {
      await worker.request({ kind: 'checkpoint', path });
    } catch (error) {
      this.#log.warn(
        { err: error, path },
        'Cannot fold the log into a database after a snapshot: the next opening will',
      );
    }
  }

  #use(database: OpenDatabase): void {
    if (database === this.#lastUsed) return;
    this.#lastUsed = database;
    this.#open.delete(database);
    this.#open.add(database);
    this.#closeIdle();
  }

  /** Closes the least recently used of the databases that nobody uses, down to the limit. */
  #closeIdle(): void {
    if (this.#open.size <= this.#maxOpen) return;
    for (const database of this.#open) {
      if (this.#open.size <= this.#maxOpen) return;
      if (database.inUse) continue;
      // It is taken from the set at once.
      database.rest().catch((error: unknown) => {
        this.#log.error({ err: error, path: database.path }, 'Cannot close an idle database');
      });
    }
  }

  async #giveUp(database: OpenDatabase): Promise<void> {
    database.handles--;
    if (database.handles > 0) return;
    try {
      await database.end();
    } finally {
      if (this.#databases.get(database.path) === database) this.#databases.delete(database.path);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposing ??= this.#dispose();
    await this.#disposing;
  }

  async #dispose(): Promise<void> {
    await this.#snapshotTurn;
    for (const snapshot of [...this.#snapshots]) await snapshot[Symbol.asyncDispose]();
    const results = await Promise.allSettled([...this.#databases.values()].map((database) => database.end()));
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #checkNotDisposed(what: string): void {
    if (this.#disposing === undefined) return;
    throw new DatabaseError('database-closed', `Cannot open "${what}": the database engine is closed`, {
      context: { temporary: false },
    });
  }
}

class Handle<Schema, Ops extends Operations> implements Database<Schema, Ops> {
  readonly path: string;
  readonly #shared: OpenDatabase;
  readonly #giveUp: () => Promise<void>;
  #disposed: Promise<void> | undefined;

  constructor(shared: OpenDatabase, giveUp: () => Promise<void>) {
    this.path = shared.path;
    this.#shared = shared;
    this.#giveUp = giveUp;
  }

  get version(): number | undefined {
    return this.#shared.version;
  }

  read<Result>(query: (reader: Reader<Schema>) => Promise<Result>): Promise<Result> {
    return this.#shared.read(query);
  }

  // biome-ignore lint/suspicious/noExplicitAny: what the operation's types say is known to the caller only
  write(name: string, args: unknown): Promise<any> {
    return this.#shared.write(name, args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#giveUp();
    await this.#disposed;
  }
}

/** Runs while nobody writes. One database that can't be read does not keep the others from being held. */
function holdPins(pins: Map<string, PinState>, open: ReadonlySet<OpenDatabase>): void {
  const closedSince = new Map(pins);
  for (const { path } of open) {
    const pin = closedSince.get(path) ?? pinOrError(path, false);
    closedSince.delete(path);
    pins.set(path, pin);
    if (!(pin instanceof Pin)) continue;
    pin.lasting = true;
    try {
      pin.hold();
    } catch (error) {
      pin.close();
      pins.set(path, toDatabaseError(error, 'Cannot read for a snapshot the database', path));
    }
  }
  // Those have no writer: they are pinned when they are read, or opened again.
  for (const [path, pin] of closedSince) {
    pins.delete(path);
    if (pin instanceof Pin) pin.close();
  }
}

function commitMetrics(metrics: Metrics | undefined, openDatabases: () => number): (commit: Commit) => void {
  if (metrics === undefined) return () => {};
  const commits = metrics.counter('restante_database_commits_total', 'Write transactions committed');
  const sizes = metrics.histogram(
    'restante_database_batch_operations',
    'Operations in one commit',
    [1, 2, 5, 10, 20, 50, 100, 256],
  );
  const times = metrics.histogram(
    'restante_database_commit_seconds',
    'Time of one write transaction, from its first operation to the flushed commit',
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
  );
  const open = metrics.gauge('restante_database_open', 'Databases open now');
  metrics.onCollect(() => open.set(openDatabases()));
  return ({ operations, durationMs }) => {
    commits.add();
    sizes.observe(operations);
    times.observe(durationMs / 1000);
  };
}
