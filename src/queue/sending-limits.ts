import type { Transactor } from '../database/engine.ts';
import { RestanteError } from '../runtime/errors.ts';
import type { QueueSchema } from './schema.ts';

/** What an account may send, so that a stolen password does limited harm. Left out: as much as it wants. */
export interface SendingLimits {
  /** In 24 hours; a message counts once for each recipient. */
  readonly messagesPerDay?: number;
  /** To whom the account has never written before, in 24 hours. */
  readonly newRecipientsPerDay?: number;
}

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/**
 * Counts a message that an account sends, in the transaction that adds it to the queue. All messages of accounts are counted, so that
 * a limit that is set later knows what went before.
 * @throws RestanteError `sending-limit-messages`, `sending-limit-recipients`
 */
export async function countSending(
  write: Transactor<QueueSchema>,
  sending: { account: string; addresses: readonly string[]; limits: SendingLimits; now: number },
): Promise<void> {
  const { account, limits, now } = sending;
  await countMessages(write, account, sending.addresses.length, limits.messagesPerDay, Math.floor(now / hourMs));
  const recipients = new Set(sending.addresses.map((address) => address.toLowerCase()));
  let added = 0;
  for (const address of recipients) {
    const { changes } = await write.run(
      'INSERT OR IGNORE INTO known_recipient (account, address, first_at) VALUES (?, ?, ?)',
      [account, address, now],
    );
    added += changes;
  }
  const allowed = limits.newRecipientsPerDay;
  if (added === 0 || allowed === undefined) return;
  const row = await write.first<{ count: number }>(
    'SELECT count(*) AS count FROM known_recipient WHERE account = ? AND first_at > ?',
    [account, now - dayMs],
  );
  if ((row?.count ?? 0) > allowed) throw tooMuch('recipients', account, allowed);
}

async function countMessages(
  write: Transactor<QueueSchema>,
  account: string,
  count: number,
  allowed: number | undefined,
  hour: number,
): Promise<void> {
  await write.run('DELETE FROM sent WHERE account = ? AND hour <= ?', [account, hour - 24]);
  await write.run(
    `INSERT INTO sent (account, hour, messages) VALUES (?, ?, ?)
     ON CONFLICT (account, hour) DO UPDATE SET messages = messages + excluded.messages`,
    [account, hour, count],
  );
  if (allowed === undefined) return;
  const row = await write.first<{ sum: number }>('SELECT sum(messages) AS sum FROM sent WHERE account = ?', [account]);
  if ((row?.sum ?? 0) > allowed) throw tooMuch('messages', account, allowed);
}

function tooMuch(what: 'messages' | 'recipients', account: string, allowed: number): RestanteError {
  const [key, text] =
    what === 'messages'
      ? ['maxOutgoingMessagesPerDay', `it may send ${allowed} messages`]
      : ['maxNewRecipientsPerDay', `it may write to ${allowed} new recipients`];
  return new RestanteError(
    `sending-limit-${what}`,
    `Cannot send the message of account "${account}": ${text} in 24 hours`,
    { hint: `See that nobody misuses the account; "${key}" of domains.yaml sets the limit.`, context: { account } },
  );
}
