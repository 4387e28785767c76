import {
  InboxRequiredError,
  MailboxHasChildrenError,
  MailboxNotEmptyError,
  MailboxNotFoundError,
} from '../store-errors.ts';
import { AccountChange, type AccountTransactor } from './account-change.ts';
import { expungeRows } from './expunge-messages.ts';

/**
 * Expunges a mailbox and its messages. Its subscription stays (RFC 9051 §6.3.9).
 * @param args.ifEmpty whether one that holds messages stays
 * @returns how many contents have no live message any more
 * @throws MailboxNotFoundError, MailboxHasChildrenError, MailboxNotEmptyError, InboxRequiredError
 */
export async function deleteMailbox(
  transactor: AccountTransactor,
  args: { name: string; ifEmpty: boolean },
): Promise<number> {
  if (args.name === 'Inbox') throw new InboxRequiredError('delete');
  const change = await AccountChange.begin(transactor);
  const mailbox = await change.findMailbox(args.name);
  if (mailbox === undefined) throw new MailboxNotFoundError(args.name, 'delete');
  const child = await transactor.first('SELECT id FROM mailboxes WHERE parent_id = ? AND expunged = 0', [mailbox.id]);
  if (child !== undefined) throw new MailboxHasChildrenError(args.name);
  if (args.ifEmpty && mailbox.messages > 0) throw new MailboxNotEmptyError(args.name);
  const { erasable } = await expungeRows(change, mailbox, [[1, 0xffff_ffff]], 'all');
  mailbox.special_use = '';
  change.touch(mailbox);
  await change.finish();
  await transactor.run('UPDATE mailboxes SET expunged = 1 WHERE id = ?', [mailbox.id]);
  await transactor.run('DELETE FROM annotations WHERE mailbox_id = ?', [mailbox.id]);
  await transactor.run('DELETE FROM annotation_removals WHERE mailbox_id = ?', [mailbox.id]);
  await transactor.run('DELETE FROM acl WHERE mailbox_id = ?', [mailbox.id]);
  await transactor.run('DELETE FROM url_keys WHERE mailbox_id = ?', [mailbox.id]);
  await transactor.run('DELETE FROM declined_rules WHERE mailbox_id = ?', [mailbox.id]);
  return erasable;
}
