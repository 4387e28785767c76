import type { Database } from '../database/engine.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import { type Backoff, nextAttemptDelay } from './next-attempt.ts';
import type { QueueOperations } from './operations.ts';
import { postWebhook, type WebhookResult } from './post-webhook.ts';
import type { QueueSchema, WebhookRow } from './schema.ts';

/** Where an account's webhooks go. */
export interface WebhookTarget {
  readonly url: string;
  /** Value of the Authorization field, asked for each request. When it throws, the request waits. */
  readonly authorization?: () => Promise<string>;
}

export interface WebhookSenderOptions {
  readonly database: Database<QueueSchema, QueueOperations>;
  readonly log: Log;
  /** The current time, milliseconds. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  readonly targetOf: (account: string, kind: 'outgoing' | 'incoming') => WebhookTarget | undefined;
  readonly onRequest: (result: WebhookResult['kind']) => void;
}

/** Ten requests over some eight hours. */
const backoff: Backoff = { firstDelayMs: 60_000, attempts: 10, delayNoticeAttempt: 0 };

/**
 * Makes the requests of webhooks: of each account one after the other, in the order in which they came, some accounts at the same time. One
 * that fails keeps those after it waiting, until it succeeds or is given up.
 */
export class WebhookSender {
  readonly #options: WebhookSenderOptions;
  readonly #due = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #closing = new AbortController();
  #starting: Promise<void> | undefined;

  constructor(options: WebhookSenderOptions) {
    this.#options = options;
  }

  /** Goes on with what waits. */
  start(): void {
    this.#starting = this.#wakeAll().catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'Cannot look for waiting webhooks: the next start does');
    });
  }

  wake(accounts: Iterable<string>): void {
    if (this.#closing.signal.aborted) return;
    for (const account of accounts) this.#due.add(account);
    this.#fill();
  }

  /** Looks again at all that waits: somebody has changed when it is due. */
  async wakeAll(): Promise<void> {
    if (this.#starting !== undefined) await this.#wakeAll();
  }

  async stop(): Promise<void> {
    this.#closing.abort(new Error('The queue is stopping'));
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await this.#starting;
    await Promise.all(this.#running.values());
  }

  async #wakeAll(): Promise<void> {
    for (let after = ''; !this.#closing.signal.aborted; ) {
      const row = await this.#options.database.read((reader) =>
        reader.first<{ account: string | null }>('SELECT min(account) AS account FROM webhook WHERE account > ?', [
          after,
        ]),
      );
      if (row === undefined || row.account === null) return;
      after = row.account;
      this.wake([after]);
    }
  }

  #fill(): void {
    for (const account of this.#due) {
      if (this.#running.size >= limits.webhooksAtOnce) return;
      if (this.#running.has(account)) continue;
      this.#due.delete(account);
      const run = this.#run(account)
        .catch((error: unknown) => {
          if (this.#closing.signal.aborted) return;
          this.#options.log.error({ err: error, account }, 'Webhooks ended: they go on in a minute');
          this.#wakeIn(account, 60_000);
        })
        .finally(() => {
          this.#running.delete(account);
          if (!this.#closing.signal.aborted) this.#fill();
        });
      this.#running.set(account, run);
    }
  }

  #wakeIn(account: string, delayMs: number): void {
    clearTimeout(this.#timers.get(account));
    if (this.#closing.signal.aborted) return;
    const timer = setTimeout(
      () => {
        this.#timers.delete(account);
        this.wake([account]);
      },
      // Not later than in a minute, in case the clock is set.
      Math.min(Math.max(delayMs, 10), 60_000),
    );
    this.#timers.set(account, timer);
  }

  async #run(account: string): Promise<void> {
    const { database, now } = this.#options;
    while (!this.#closing.signal.aborted) {
      const row = await database.read((reader) =>
        reader.first<WebhookRow>('SELECT * FROM webhook WHERE account = ? ORDER BY id LIMIT 1', [account]),
      );
      if (row === undefined) return;
      const waitMs = row.next_attempt_at - now();
      if (waitMs > 0) {
        this.#wakeIn(account, waitMs);
        return;
      }
      await this.#send(row);
    }
  }

  async #send(row: WebhookRow): Promise<void> {
    const { database, now, random, targetOf, log, onRequest } = this.#options;
    const filter = { ids: [row.id] };
    const target = targetOf(row.account, row.kind);
    if (target === undefined) {
      await database.write('endWebhooks', { filter, end: 'canceled', limit: 1, now: now() });
      return;
    }
    const result = await this.#request(target, row);
    onRequest(result.kind);
    const attempts = row.attempts + 1;
    if (result.kind === 'delivered') {
      const request = { status: result.status, error: null };
      await database.write('endWebhooks', { filter, end: 'delivered', request, limit: 1, now: now() });
      return;
    }
    const { status, error } = result;
    const delayMs = result.kind === 'permanent' ? undefined : nextAttemptDelay(attempts, backoff, random());
    log.warn({ account: row.account, webhookId: row.id, event: row.event, attempts, status, error }, 'webhook failed');
    if (delayMs === undefined) {
      await database.write('endWebhooks', { filter, end: 'failed', request: { status, error }, limit: 1, now: now() });
    } else {
      await database.write('retryWebhook', { id: row.id, status, error, nextAttemptAt: now() + delayMs, now: now() });
    }
  }

  async #request(target: WebhookTarget, row: WebhookRow): Promise<WebhookResult> {
    let authorization: string | undefined;
    try {
      authorization = await target.authorization?.();
    } catch (error) {
      this.#options.log.error({ account: row.account, err: error }, 'No authorization for a webhook: it waits');
      return { kind: 'temporary', status: null, error: 'the file with the authorization cannot be read' };
    }
    const { id, attempts, payload } = row;
    const request = { url: target.url, authorization, id, attempt: attempts + 1, payload };
    return await postWebhook(request, this.#closing.signal);
  }
}
