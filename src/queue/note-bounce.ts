import type { Transactor } from '../database/engine.ts';
import { limits } from '../runtime/limits.ts';
import { baseAddress } from './base-address.ts';
import { bounceKind } from './bounce-kind.ts';
import type { EndedRecipient, RecipientEnding } from './end-recipient.ts';
import type { AttemptReply } from './queue.ts';
import type { QueueSchema } from './schema.ts';

type Write = Transactor<QueueSchema>;

/** A failure of an account's message, of a recipient that was in the queue under an id. */
export interface Bounce {
  readonly account: string;
  readonly address: string;
  readonly recipientId: number;
  readonly kind: 'hard' | 'soft';
  /** Told by a notification, after a server had taken the message. */
  readonly byNotice: boolean;
  readonly reply: AttemptReply;
  readonly now: number;
}

/**
 * Counts a failure of a message of an account, or, when a server has taken it, forgets that servers refused others before. What
 * notifications told stays: they come after a server has taken a message.
 * @returns whether the address is suppressed by this
 */
export async function noteOutcome(
  write: Write,
  row: Pick<EndedRecipient, 'id' | 'account' | 'sender' | 'address' | 'is_dsn'>,
  { end, reply, now }: RecipientEnding,
): Promise<boolean> {
  const { account, address } = row;
  if (account === null || row.is_dsn === 1) return false;
  if (end === 'delivered') {
    const base = baseAddress(address);
    if (base === undefined) return false;
    await write.run('DELETE FROM bounce WHERE account = ? AND base_address = ? AND by_notice = 0', [account, base]);
  }
  if (end !== 'failed' || reply === undefined) return false;
  const kind = bounceKind(reply);
  if (kind === undefined) return false;
  return await noteBounce(write, { account, address, recipientId: row.id, kind, byNotice: false, reply, now });
}

/**
 * Suppresses the address at once when the failure is hard, else when it is one of several.
 * @returns whether it is suppressed by this
 */
export async function noteBounce(write: Write, bounce: Bounce): Promise<boolean> {
  const { account, address, now } = bounce;
  const base = baseAddress(address);
  if (base === undefined) return false;
  if (bounce.kind === 'soft') {
    await write.run(
      'INSERT OR IGNORE INTO bounce (account, base_address, recipient_id, by_notice, at) VALUES (?, ?, ?, ?, ?)',
      [account, base, bounce.recipientId, bounce.byNotice ? 1 : 0, now],
    );
    const row = await write.first<{ count: number }>(
      'SELECT count(*) AS count FROM bounce WHERE account = ? AND base_address = ? AND at > ?',
      [account, base, now - limits.bounceWindowMs],
    );
    if ((row?.count ?? 0) < limits.bouncesBeforeSuppression) return false;
  }
  // One that a person lifts starts anew.
  await write.run('DELETE FROM bounce WHERE account = ? AND base_address = ?', [account, base]);
  const { code, enhanced, text, host } = bounce.reply;
  const said = `${code} ${enhanced} ${text}${host === undefined ? '' : ` (${host})`}`;
  const { changes } = await write.run(
    `INSERT OR IGNORE INTO suppression (account, base_address, address, by_hand, reason, added_at)
     SELECT ?, ?, ?, 0, ?, ? WHERE (SELECT count(*) FROM suppression WHERE account = ?) < ?`,
    [
      account,
      base,
      address,
      said.slice(0, limits.suppressionReasonCharacters),
      now,
      account,
      limits.suppressionsPerAccount,
    ],
  );
  return changes > 0;
}
