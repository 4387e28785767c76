import { MailboxNotFoundError } from '../store-errors.ts';
import { AccountChange, type AccountTransactor } from './account-change.ts';
import { recordName } from './make-mailbox.ts';

/** @returns the mailbox's new UIDVALIDITY. @throws MailboxNotFoundError */
export async function bumpUidValidity(transactor: AccountTransactor, args: { name: string }): Promise<number> {
  const change = await AccountChange.begin(transactor);
  const mailbox = await change.findMailbox(args.name);
  if (mailbox === undefined) throw new MailboxNotFoundError(args.name, 'change UIDVALIDITY of');
  mailbox.uid_validity = change.takeUidValidity();
  change.touch(mailbox);
  await recordName(change, mailbox);
  await change.finish();
  return mailbox.uid_validity;
}
