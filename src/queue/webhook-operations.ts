import type { Parameter, Transactor } from '../database/engine.ts';
import { limits } from '../runtime/limits.ts';
import { type OutgoingEvent, type OutgoingEventDetails, outgoingPayload, type WantedEvents } from './outgoing-event.ts';
import type { QueueSchema, WebhookRow } from './schema.ts';

type Write = Transactor<QueueSchema>;

/** What was written for webhooks: accounts that have new ones, and how many had no room. */
export interface HookTally {
  accounts: string[];
  dropped: number;
}

export function noHooks(): HookTally {
  return { accounts: [], dropped: 0 };
}

/** Which webhooks a command is for: those that match every member given. */
export interface WebhookFilter {
  readonly ids?: readonly number[] | undefined;
  readonly account?: string | undefined;
}

export async function addWebhook(
  write: Write,
  hook: Pick<WebhookRow, 'account' | 'kind' | 'event' | 'payload'>,
  now: number,
  tally: HookTally,
): Promise<void> {
  const { account, kind, event, payload } = hook;
  const { changes } = await write.run(
    `INSERT INTO webhook (account, kind, event, payload, queued_at, next_attempt_at)
     SELECT ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM webhook WHERE account = ?) < ?`,
    [account, kind, event, payload, now, now, account, limits.webhooksPerAccount],
  );
  if (changes === 0) tally.dropped++;
  else if (!tally.accounts.includes(account)) tally.accounts.push(account);
}

/** Tells an account's webhook of a recipient, if it wants to know of such an event. */
export async function tellOutgoing(
  write: Write,
  event: OutgoingEvent,
  recipient: Parameters<typeof outgoingPayload>[1],
  details: OutgoingEventDetails,
  told: { readonly wanted: WantedEvents; readonly tally: HookTally; readonly now: number },
): Promise<void> {
  const { account } = recipient;
  if (account === null || told.wanted[account]?.includes(event) !== true) return;
  const payload = outgoingPayload(event, recipient, details, told.now);
  await addWebhook(write, { account, kind: 'outgoing', event, payload }, told.now, told.tally);
}

/** @returns false when it was taken before */
export async function isNewIncoming(
  write: Write,
  incoming: { account: string; contentId: number; purpose: 'hook' | 'notice'; now: number },
): Promise<boolean> {
  const { account, contentId, purpose, now } = incoming;
  const { changes } = await write.run(
    'INSERT OR IGNORE INTO incoming_seen (account, content_id, purpose, at) VALUES (?, ?, ?, ?)',
    [account, contentId, purpose, now],
  );
  return changes > 0;
}

export const webhookOperations = {
  /** Adds webhooks for messages that were delivered to an account, each message once. */
  async addIncomingHooks(
    write: Write,
    args: { account: string; messages: readonly { contentId: number; payload: string }[]; now: number },
  ): Promise<HookTally> {
    const { account, messages, now } = args;
    const tally = noHooks();
    for (const { contentId, payload } of messages) {
      if (!(await isNewIncoming(write, { account, contentId, purpose: 'hook', now }))) continue;
      await addWebhook(write, { account, kind: 'incoming', event: 'incoming', payload }, now, tally);
    }
    return tally;
  },

  async advanceIncoming(write: Write, args: { account: string; modseq: number }): Promise<void> {
    await write.run(
      'INSERT INTO incoming_cursor (account, modseq) VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET modseq = excluded.modseq',
      [args.account, args.modseq],
    );
  },

  /** Writes down a failed request that will be made again. */
  async retryWebhook(
    write: Write,
    args: { id: number; status: number | null; error: string; nextAttemptAt: number; now: number },
  ): Promise<void> {
    const { id, status, error, nextAttemptAt, now } = args;
    await write.run(
      `UPDATE webhook SET attempts = attempts + 1, last_attempt_at = ?, next_attempt_at = ?, last_status = ?, last_error = ?
       WHERE id = ?`,
      [now, nextAttemptAt, status, error, id],
    );
  },

  /** Ends webhooks, and remembers how. */
  async endWebhooks(
    write: Write,
    args: {
      filter: WebhookFilter;
      end: 'delivered' | 'failed' | 'canceled';
      /** Of the last request; absent when none was made. */
      request?: { status: number | null; error: string | null };
      limit: number;
      now: number;
    },
  ): Promise<{ count: number }> {
    const { filter, end, request, limit, now } = args;
    const { sql, parameters } = webhookCondition(filter);
    const rows = await write.all<WebhookRow>(`SELECT * FROM webhook WHERE ${sql} ORDER BY id LIMIT ?`, [
      ...parameters,
      limit,
    ]);
    for (const row of rows) {
      await write.run('DELETE FROM webhook WHERE id = ?', [row.id]);
      await write.run(
        `INSERT OR REPLACE INTO retired_webhook (id, account, kind, event, queued_at, ended_at, "end", attempts, status, error)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        [
          row.id,
          row.account,
          row.kind,
          row.event,
          row.queued_at,
          now,
          end,
          row.attempts + (request === undefined ? 0 : 1),
          request === undefined ? row.last_status : request.status,
          request === undefined ? row.last_error : request.error,
        ],
      );
    }
    return { count: rows.length };
  },

  async scheduleWebhooks(write: Write, args: { filter: WebhookFilter; at: number }): Promise<{ count: number }> {
    const { sql, parameters } = webhookCondition(args.filter);
    const { changes } = await write.run(`UPDATE webhook SET next_attempt_at = ? WHERE ${sql}`, [
      args.at,
      ...parameters,
    ]);
    return { count: changes };
  },

  async forgetRetiredWebhooks(write: Write, args: { before: number; limit: number }): Promise<{ count: number }> {
    const { changes } = await write.run(
      'DELETE FROM retired_webhook WHERE id IN (SELECT id FROM retired_webhook WHERE ended_at < ? ORDER BY ended_at LIMIT ?)',
      [args.before, args.limit],
    );
    return { count: changes };
  },

  async forgetIncoming(write: Write, args: { before: number; limit: number }): Promise<{ count: number }> {
    const { changes } = await write.run(
      `DELETE FROM incoming_seen WHERE (account, content_id, purpose) IN
         (SELECT account, content_id, purpose FROM incoming_seen WHERE at < ? ORDER BY at LIMIT ?)`,
      [args.before, args.limit],
    );
    return { count: changes };
  },
};

/** SQL for a filter over `webhook` or `retired_webhook`. */
export function webhookCondition(filter: WebhookFilter): { sql: string; parameters: Parameter[] } {
  const terms = ['1'];
  const parameters: Parameter[] = [];
  if (filter.ids !== undefined) {
    terms.push('id IN (SELECT value FROM json_each(?))');
    parameters.push(JSON.stringify(filter.ids));
  }
  if (filter.account !== undefined) {
    terms.push('account = ?');
    parameters.push(filter.account);
  }
  return { sql: terms.join(' AND '), parameters };
}
