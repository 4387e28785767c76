import type { AddedMessage } from '../messages/new-message.ts';
import type { QuotaLimits } from '../quota.ts';
import { MessageNotFoundError } from '../store-errors.ts';
import { AccountChange, type AccountTransactor } from './account-change.ts';
import { insertMessages, type StoredMessage, sizeOf } from './add-messages.ts';
import { expungeRows } from './expunge-messages.ts';

/**
 * Adds a message and expunges another, with one MODSEQ. Only what the new one takes more than the other needs room.
 * @throws MailboxNotFoundError, MessageNotFoundError, OverQuotaError, StoreLimitError
 */
export async function replaceMessage(
  transactor: AccountTransactor,
  args: { now: number; quota: QuotaLimits; mailboxId: number; uid: number; message: StoredMessage },
): Promise<{ added: AddedMessage; erasable: number }> {
  const change = await AccountChange.begin(transactor);
  const mailbox = await change.mailbox(args.mailboxId);
  const old = await transactor.first<{ size: number }>(
    'SELECT size FROM messages WHERE mailbox_id = ? AND uid = ? AND expunged = 0',
    [mailbox.id, args.uid],
  );
  if (old === undefined) throw new MessageNotFoundError(mailbox.name, args.uid);
  change.checkQuota(sizeOf(args.message) - old.size, 0, args.quota);
  const { erasable } = await expungeRows(change, mailbox, [[args.uid, args.uid]], 'all');
  const [added] = await insertMessages(change, [args.message], args.now);
  await change.finish();
  return { added: added!, erasable };
}
