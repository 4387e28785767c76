import type { Log } from '../runtime/log.ts';
import type { AccountDatabase } from './account-database.ts';
import type { MessageFiles } from './message-files.ts';

/** Contents removed at a time: between batches others get their turn. */
const batchSize = 200;
const delayMs = 1000;
/** While a snapshot needs the files, or after a failure. */
const retryMs = 10_000;

/**
 * Second phase of expunge: removes the files of contents without live message, once no session and no snapshot needs them, then
 * their rows. Goes on after a crash: what was not finished is still in the table.
 */
export class Eraser {
  readonly #database: AccountDatabase;
  readonly #files: MessageFiles;
  readonly #mayErase: () => boolean;
  readonly #log: Log;
  readonly #onErased: ((contentIds: readonly number[]) => Promise<void>) | undefined;
  /** MODSEQ up to which each session's client has been told of expunges. */
  readonly #holds = new Set<{ modseq: number }>();
  /** Something could not be erased because of a hold. */
  #held = false;
  #dueAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: {
    database: AccountDatabase;
    files: MessageFiles;
    mayErase: () => boolean;
    log: Log;
    /** Before their rows are gone. */
    onErased?: ((contentIds: readonly number[]) => Promise<void>) | undefined;
  }) {
    this.#database = options.database;
    this.#files = options.files;
    this.#mayErase = options.mayErase;
    this.#log = options.log;
    this.#onErased = options.onErased;
  }

  hold(modseq: number): { advance(modseq: number): void; [Symbol.dispose](): void } {
    const hold = { modseq };
    this.#holds.add(hold);
    return {
      advance: (told) => {
        hold.modseq = Math.max(hold.modseq, told);
        if (this.#held) this.schedule();
      },
      [Symbol.dispose]: () => {
        this.#holds.delete(hold);
        if (this.#held) this.schedule();
      },
    };
  }

  /** Something may be to erase. */
  schedule(afterMs = delayMs): void {
    const dueAt = performance.now() + afterMs;
    if (this.#closed || (this.#timer !== undefined && this.#dueAt <= dueAt)) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.run().catch((error: unknown) => {
        this.#log.error({ err: error }, 'Cannot erase files of expunged messages: will try again');
        this.schedule(retryMs);
      });
    }, afterMs);
    this.#timer.unref();
  }

  /** Erases what may be erased now. */
  async run(): Promise<void> {
    this.#running ??= this.#runBatches().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running?.catch(() => {});
  }

  async #runBatches(): Promise<void> {
    while (!this.#closed) {
      const { contentIds, held } = await this.#database.read(async (reader) => {
        const rows = await reader.all<{ id: number; modseq: number }>(
          'SELECT content_id AS id, modseq FROM erase ORDER BY modseq, content_id LIMIT ?',
          [batchSize],
        );
        // Taken with the rows: a session that begins to hold now has seen them expunged.
        const told = this.#toldModseq();
        const free = rows.filter(({ modseq }) => modseq <= told);
        return { contentIds: free.map(({ id }) => id), held: free.length < rows.length };
      });
      this.#held = held;
      if (contentIds.length === 0) return;
      // Asked after reading: a snapshot that begins from here on has these as expunged, so it doesn't need their files.
      if (!this.#mayErase()) {
        this.schedule(retryMs);
        return;
      }
      await this.#files.remove(contentIds);
      await this.#onErased?.(contentIds);
      await this.#database.write('forgetErased', { contentIds });
    }
  }

  #toldModseq(): number {
    let told = Number.POSITIVE_INFINITY;
    for (const { modseq } of this.#holds) told = Math.min(told, modseq);
    return told;
  }
}
