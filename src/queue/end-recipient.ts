import type { Transactor } from '../database/engine.ts';
import { fromIdOf } from './from-id.ts';
import { noteOutcome } from './note-bounce.ts';
import type { WantedEvents } from './outgoing-event.ts';
import type { AttemptReply } from './queue.ts';
import type { MessageRow, QueueSchema, RecipientRow } from './schema.ts';
import { type HookTally, tellOutgoing } from './webhook-operations.ts';

/**
 * How a recipient left the queue: a server of its own took the message (or a mailbox here), a transport took it, it was given up, it
 * was not tried because the address is suppressed, or an operator dropped it.
 */
export type EndKind = 'delivered' | 'relayed' | 'failed' | 'suppressed' | 'dropped';

/** What else is written when a recipient ends. */
export interface EndPolicy {
  /** Whether it stays known what became of it. */
  readonly keepRetired: boolean;
  readonly wantedEvents: WantedEvents;
}

export interface RecipientEnding {
  readonly end: EndKind;
  readonly reply: AttemptReply | undefined;
  /** Made in all. */
  readonly attempts: number;
  readonly transport?: string | undefined;
  readonly now: number;
}

/** A recipient with what is kept of its message. */
export type EndedRecipient = RecipientRow &
  Pick<MessageRow, 'account' | 'sender' | 'subject' | 'message_id_header' | 'is_dsn' | 'queued_at'> & {
    total_bytes: number;
  };

/** Of `recipient r JOIN message m`. */
export const endedColumns = `r.*, m.account, m.sender, m.subject, m.message_id_header, m.is_dsn, m.queued_at,
  m.size_bytes + length(m.prefix) AS total_bytes`;

/** Takes a recipient out of the queue, and writes down what became of it, in the same transaction. */
export async function endRecipient(
  write: Transactor<QueueSchema>,
  row: EndedRecipient,
  ending: RecipientEnding,
  policy: EndPolicy,
  tally: HookTally,
): Promise<void> {
  await write.run('DELETE FROM recipient WHERE id = ?', [row.id]);
  if (policy.keepRetired) await retire(write, row, ending);
  const suppressing = await noteOutcome(write, row, ending);
  if (row.is_dsn === 1) return;
  const event = ending.end === 'dropped' ? 'canceled' : ending.end;
  const told = { wanted: policy.wantedEvents, tally, now: ending.now };
  await tellOutgoing(write, event, row, { ...ending, suppressing }, told);
}

async function retire(
  write: Transactor<QueueSchema>,
  row: EndedRecipient,
  { end, reply, attempts, transport, now }: RecipientEnding,
): Promise<void> {
  await write.run(
    `INSERT OR REPLACE INTO retired (id, message_id, account, sender, address, subject, message_id_header, size_bytes, is_dsn,
       queued_at, ended_at, "end", attempts, code, enhanced, text, host, transport, from_id, tls)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      row.id,
      row.message_id,
      row.account,
      row.sender,
      row.address,
      row.subject,
      row.message_id_header,
      row.total_bytes,
      row.is_dsn,
      row.queued_at,
      now,
      end,
      attempts,
      reply?.code ?? null,
      reply?.enhanced ?? null,
      reply?.text ?? null,
      reply?.host ?? null,
      transport ?? null,
      fromIdOf(row.sender) ?? null,
      reply?.tls ?? null,
    ],
  );
}

export const retirementOperations = {
  /** Forgets recipients that ended before an instant, and the oldest above `most`; at most `limit` at a time. */
  async forgetRetired(
    write: Transactor<QueueSchema>,
    args: { before: number; most: number; limit: number },
  ): Promise<{ count: number }> {
    const { before, most, limit } = args;
    const expired = await write.run(
      'DELETE FROM retired WHERE id IN (SELECT id FROM retired WHERE ended_at < ? ORDER BY ended_at LIMIT ?)',
      [before, limit],
    );
    if (expired.changes === limit) return { count: limit };
    const row = await write.first<{ count: number }>('SELECT count(*) AS count FROM retired');
    const surplus = Math.min((row?.count ?? 0) - most, limit - expired.changes);
    if (surplus <= 0) return { count: expired.changes };
    await write.run('DELETE FROM retired WHERE id IN (SELECT id FROM retired ORDER BY ended_at LIMIT ?)', [surplus]);
    return { count: expired.changes + surplus };
  },
};
