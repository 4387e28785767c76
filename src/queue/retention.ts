import type { Database } from '../database/engine.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { QueueOperations } from './operations.ts';
import type { QueueSchema } from './schema.ts';

const everyMs = 60 * 60 * 1000;

export interface RetentionOptions {
  readonly database: Database<QueueSchema, QueueOperations>;
  readonly log: Log;
  /** The current time, milliseconds. */
  readonly now: () => number;
  readonly keepRetiredMs: number;
}

/** Forgets what was kept long enough, at the start and every hour, some rows at a time so that mail goes on between. */
export class Retention {
  readonly #options: RetentionOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  start(): void {
    this.#run();
    this.#timer = setInterval(() => this.#run(), everyMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  #run(): void {
    this.#running ??= this.#forget()
      .catch((error: unknown) => {
        this.#options.log.error(
          { err: error },
          'Cannot forget what the queue kept long enough: trying again in an hour',
        );
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #forget(): Promise<void> {
    const { database, now, keepRetiredMs } = this.#options;
    const limit = limits.queueChangeStep;
    const step = { before: now() - keepRetiredMs, most: limits.queueRetiredRows, limit };
    while (!this.#stopped && (await database.write('forgetRetired', step)).count === limit);
    const old = { before: now() - limits.bounceWindowMs, limit };
    while (!this.#stopped && (await database.write('forgetBounces', old)).count === limit);
    const hooks = { before: now() - limits.retiredWebhookMs, limit };
    while (!this.#stopped && (await database.write('forgetRetiredWebhooks', hooks)).count === limit);
    const incoming = { before: now() - limits.incomingSeenMs, limit };
    while (!this.#stopped && (await database.write('forgetIncoming', incoming)).count === limit);
  }
}
