import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from '../../runtime/durable-file.ts';
import { DatabaseError } from '../database-error.ts';
import type { Reader } from '../engine.ts';
import { ReaderPool } from './reader-pool.ts';
import { toReadError } from './to-database-error.ts';
import type { WriteWorkerClient } from './write-worker-client.ts';

interface Environment {
  readonly readLimit: number;
  /** The worker to open the database in. */
  chooseWorker(): WriteWorkerClient;
  /** Runs an opening, between snapshots and after their pins are set. */
  opening(path: string, open: () => Promise<void>): Promise<void>;
  used(database: OpenDatabase): void;
  /** Nobody uses it at the moment. */
  unused(): void;
  closed(database: OpenDatabase): void;
}

let lastKey = 0;

/** What all handles of one path share. It is opened at its first use, and may be closed while nobody uses it. */
export class OpenDatabase {
  readonly path: string;
  readonly module: string;
  readonly #environment: Environment;
  readonly #pool: ReaderPool;
  readonly #key = ++lastKey;
  #worker: WriteWorkerClient | undefined;
  #generation = 0;
  #state: 'closed' | 'open' | 'ended' = 'closed';
  /** The opening or closing under way. */
  #change: Promise<void> | undefined;
  /** Reads and writes under way. */
  #uses = 0;
  /** Writes under way, and all that have begun. */
  #writing = 0;
  #writesBegun = 0;
  #idle: (() => void) | undefined;
  #ending: Promise<void> | undefined;
  handles = 0;

  constructor(path: string, module: string, environment: Environment) {
    this.path = path;
    this.module = module;
    this.#environment = environment;
    this.#pool = new ReaderPool(path, environment.readLimit);
  }

  /** Where it is open. */
  get worker(): WriteWorkerClient | undefined {
    return this.#worker;
  }

  /** See `Database.version`: nobody else writes (`WriteDatabase`, which does so for this one). */
  get version(): number | undefined {
    return this.#writing > 0 ? undefined : this.#writesBegun;
  }

  get inUse(): boolean {
    return this.#uses > 0 || this.#change !== undefined;
  }

  async read<Schema, Result>(query: (reader: Reader<Schema>) => Promise<Result>): Promise<Result> {
    this.#uses++;
    try {
      if (!this.#ready()) await this.#ensureOpen();
      this.#environment.used(this);
      try {
        return await this.#pool.read(query);
      } catch (error) {
        throw toReadError(error, this.path);
      }
    } finally {
      this.#endUse();
    }
  }

  async write(name: string, args: unknown): Promise<unknown> {
    this.#uses++;
    this.#writing++;
    this.#writesBegun++;
    try {
      if (!this.#ready()) await this.#ensureOpen();
      this.#environment.used(this);
      return await this.#worker!.request({ kind: 'write', database: this.#key, name, args });
    } finally {
      this.#writing--;
      this.#endUse();
    }
  }

  #ready(): boolean {
    return this.#state === 'open' && this.#change === undefined && this.#worker?.generation === this.#generation;
  }

  async open(): Promise<void> {
    // Counts as a use: else, past the limit, openings would close one another for ever.
    this.#uses++;
    try {
      await this.#ensureOpen();
    } finally {
      this.#endUse();
    }
  }

  async #ensureOpen(): Promise<void> {
    while (!this.#ready()) {
      if (this.#state === 'ended') {
        throw new DatabaseError('database-closed', `Cannot use database "${this.path}": it is closed`, {
          context: { path: this.path, temporary: false },
        });
      }
      this.#change ??= this.#open().finally(() => {
        this.#change = undefined;
      });
      await this.#change;
    }
  }

  async #open(): Promise<void> {
    await this.#environment.opening(this.path, async () => {
      const isNew = !existsSync(this.path);
      if (this.#worker === undefined) {
        this.#worker = this.#environment.chooseWorker();
        this.#worker.load++;
      }
      try {
        const generation = this.#worker.generation;
        await this.#worker.request({ kind: 'open', database: this.#key, path: this.path, module: this.module });
        if (isNew) await syncDirectory(dirname(this.path));
        this.#generation = generation;
        if (this.#state === 'closed') this.#state = 'open';
        this.#environment.used(this);
      } catch (error) {
        this.#worker.load--;
        this.#worker = undefined;
        throw error;
      }
    });
  }

  /** Closes the connections of a database that nobody uses; the next use opens it again. */
  async rest(): Promise<void> {
    if (this.inUse || this.#state !== 'open') return;
    this.#change = this.#close('closed').finally(() => {
      this.#change = undefined;
    });
    await this.#change;
  }

  /** Closes for good, when reads and writes under way have ended. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  /** Resolves when it has ended; undefined before that begins. */
  get ended(): Promise<void> | undefined {
    return this.#ending?.catch(() => {});
  }

  async #end(): Promise<void> {
    while (this.#change !== undefined) await this.#change.catch(() => {});
    const wasOpen = this.#state === 'open';
    this.#state = 'ended';
    if (this.#uses > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    if (wasOpen) await this.#close('ended');
  }

  async #close(state: 'closed' | 'ended'): Promise<void> {
    this.#state = state;
    this.#environment.closed(this);
    // Before the writer, so that the last connection to go is one that can fold the log and remove it.
    this.#pool.close();
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    worker.load--;
    if (worker.generation === this.#generation) await worker.request({ kind: 'close', database: this.#key });
  }

  #endUse(): void {
    this.#uses--;
    if (this.#uses > 0) return;
    this.#idle?.();
    this.#environment.unused();
  }
}
