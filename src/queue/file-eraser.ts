import type { Database, DatabaseEngine } from '../database/engine.ts';
import type { Log } from '../runtime/log.ts';
import type { MessageFiles } from './message-files.ts';
import type { QueueOperations } from './operations.ts';
import type { QueueSchema } from './schema.ts';

const batchSize = 200;
/** Files of messages that are gone hurt nobody: they are removed many at a time. */
const gatherMs = 200;
const retryMs = 5000;

export interface FileEraserOptions {
  readonly engine: DatabaseEngine;
  readonly database: Database<QueueSchema, QueueOperations>;
  readonly files: MessageFiles;
  readonly log: Log;
}

/** Removes the files of messages that are gone, once no snapshot needs them: row first, then file, then the note in `erase`. */
export class FileEraser {
  readonly #options: FileEraserOptions;
  #timer: NodeJS.Timeout | undefined;
  #erasing: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(options: FileEraserOptions) {
    this.#options = options;
  }

  wake(): void {
    if (this.#erasing !== undefined) this.#again = true;
    else this.#eraseIn(gatherMs);
  }

  /** Removes what can be removed, and no more after that. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#erasing;
    await this.#erase().catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'Cannot remove files of delivered messages: the next start does');
    });
  }

  #eraseIn(delayMs: number): void {
    if (this.#stopped || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#again = false;
      let nextMs: number | undefined;
      this.#erasing = this.#erase()
        .then((done) => {
          if (!done) nextMs = retryMs;
        })
        .catch((error: unknown) => {
          this.#options.log.error({ err: error }, 'Cannot remove files of delivered messages: trying again');
          nextMs = retryMs;
        })
        .finally(() => {
          this.#erasing = undefined;
          if (this.#again) nextMs = gatherMs;
          if (nextMs !== undefined) this.#eraseIn(nextMs);
        });
    }, delayMs);
  }

  /** @returns false when a snapshot stands in the way */
  async #erase(): Promise<boolean> {
    const { engine, database, files } = this.#options;
    for (;;) {
      const rows = await database.read((reader) =>
        reader.all<{ message_id: number }>('SELECT message_id FROM erase ORDER BY message_id LIMIT ?', [batchSize]),
      );
      if (rows.length === 0) return true;
      // Asked after reading: a snapshot that starts now doesn't know these messages any more.
      if (!engine.filesMayBeErased) return false;
      const ids = rows.map((row) => row.message_id);
      await files.removeAll(ids);
      await database.write('forgetErased', { ids });
    }
  }
}
