import { splitAddress } from '../split-address.ts';
import type { AccountTransactor } from './account-change.ts';

/** Notes whom the user has written to. A repetition of the last message to a recipient changes nothing. */
export async function noteRecipients(
  transactor: AccountTransactor,
  args: { addresses: readonly string[]; messageId: string; sentAt: number },
): Promise<void> {
  const { messageId, sentAt } = args;
  const addresses = new Set(args.addresses.map((address) => address.toLowerCase()));
  await transactor.runEach(
    `INSERT INTO recipients (domain, localpart, sent, first_sent_at, last_sent_at, last_message_id)
     VALUES (?, ?, 1, ?, ?, ?) ON CONFLICT (domain, localpart) DO UPDATE SET
     sent = sent + 1, last_sent_at = excluded.last_sent_at, last_message_id = excluded.last_message_id
     WHERE last_message_id <> excluded.last_message_id`,
    [...addresses].map((address) => {
      const { localpart, domain } = splitAddress(address);
      return [domain, localpart, sentAt, sentAt, messageId];
    }),
  );
}
