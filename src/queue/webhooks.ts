import type { Database } from '../database/engine.ts';
import { limits } from '../runtime/limits.ts';
import type { QueueOperations } from './operations.ts';
import type { QueueSchema, RetiredWebhookRow, WebhookRow } from './schema.ts';
import { type HookTally, type WebhookFilter, webhookCondition } from './webhook-operations.ts';

/** A request that waits. What it says, where it goes and with which authorization isn't shown. */
export interface WaitingWebhook {
  readonly id: number;
  readonly account: string;
  readonly kind: 'outgoing' | 'incoming';
  readonly event: string;
  readonly queuedAt: number;
  readonly attempts: number;
  readonly nextAttemptAt: number;
  readonly lastStatus: number | undefined;
  readonly lastError: string | undefined;
}

export interface RetiredWebhook {
  readonly id: number;
  readonly account: string;
  readonly kind: 'outgoing' | 'incoming';
  readonly event: string;
  readonly queuedAt: number;
  readonly endedAt: number;
  readonly end: 'delivered' | 'failed' | 'canceled';
  readonly attempts: number;
  readonly status: number | undefined;
  readonly error: string | undefined;
}

/** The requests that tell programs of accounts what happens to their mail. */
export class Webhooks {
  readonly #database: Database<QueueSchema, QueueOperations>;
  readonly #now: () => number;
  readonly #onAdded: (tally: HookTally) => void;
  readonly #onScheduled: () => Promise<void>;

  constructor(options: {
    database: Database<QueueSchema, QueueOperations>;
    now: () => number;
    onAdded: (tally: HookTally) => void;
    onScheduled: () => Promise<void>;
  }) {
    this.#database = options.database;
    this.#now = options.now;
    this.#onAdded = options.onAdded;
    this.#onScheduled = options.onScheduled;
  }

  /** At most `limit` that wait, by id, after the id `after`. */
  async list(filter: WebhookFilter, limit: number, after = 0): Promise<WaitingWebhook[]> {
    const { sql, parameters } = webhookCondition(filter);
    const rows = await this.#database.read((reader) =>
      reader.all<Omit<WebhookRow, 'payload'>>(
        `SELECT id, account, kind, event, queued_at, attempts, next_attempt_at, last_status, last_error FROM webhook
         WHERE id > ? AND ${sql} ORDER BY id LIMIT ?`,
        [after, ...parameters, limit],
      ),
    );
    return rows.map((row) => ({
      id: row.id,
      account: row.account,
      kind: row.kind,
      event: row.event,
      queuedAt: row.queued_at,
      attempts: row.attempts,
      nextAttemptAt: row.next_attempt_at,
      lastStatus: row.last_status ?? undefined,
      lastError: row.last_error ?? undefined,
    }));
  }

  /** At most `limit` that have ended, by id, after the id `after`. */
  async retired(filter: WebhookFilter, limit: number, after = 0): Promise<RetiredWebhook[]> {
    const { sql, parameters } = webhookCondition(filter);
    const rows = await this.#database.read((reader) =>
      reader.all<RetiredWebhookRow>(`SELECT * FROM retired_webhook WHERE id > ? AND ${sql} ORDER BY id LIMIT ?`, [
        after,
        ...parameters,
        limit,
      ]),
    );
    return rows.map((row) => ({
      id: row.id,
      account: row.account,
      kind: row.kind,
      event: row.event,
      queuedAt: row.queued_at,
      endedAt: row.ended_at,
      end: row.end,
      attempts: row.attempts,
      status: row.status ?? undefined,
      error: row.error ?? undefined,
    }));
  }

  /** One that is under way may arrive nevertheless. */
  async cancel(filter: WebhookFilter): Promise<{ count: number }> {
    for (let count = 0; ; ) {
      const args = { filter, end: 'canceled', limit: limits.queueChangeStep, now: this.#now() } as const;
      const step = await this.#database.write('endWebhooks', args);
      count += step.count;
      if (step.count < limits.queueChangeStep) return { count };
    }
  }

  /** Sets when they are due; those of one account still go in order. */
  async schedule(filter: WebhookFilter, at: number): Promise<{ count: number }> {
    const done = await this.#database.write('scheduleWebhooks', { filter, at });
    await this.#onScheduled();
    return done;
  }

  /** Adds webhooks for messages that were delivered to an account. A message that was given before adds none. */
  async addIncoming(account: string, messages: readonly { contentId: number; payload: string }[]): Promise<void> {
    this.#onAdded(await this.#database.write('addIncomingHooks', { account, messages, now: this.#now() }));
  }

  /** MODSEQ up to which deliveries to an account have their webhooks. */
  async incomingUpTo(account: string): Promise<number | undefined> {
    const row = await this.#database.read((reader) =>
      reader.first<{ modseq: number }>('SELECT modseq FROM incoming_cursor WHERE account = ?', [account]),
    );
    return row?.modseq;
  }

  async setIncomingUpTo(account: string, modseq: number): Promise<void> {
    await this.#database.write('advanceIncoming', { account, modseq });
  }
}
