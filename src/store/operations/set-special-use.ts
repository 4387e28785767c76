import { MailboxNotFoundError } from '../store-errors.ts';
import { AccountChange, type AccountTransactor } from './account-change.ts';

/** Gives a mailbox exactly these special uses; mailboxes that had one lose it. @throws MailboxNotFoundError */
export async function setSpecialUse(
  transactor: AccountTransactor,
  args: { name: string; specialUse: readonly string[] },
): Promise<void> {
  const change = await AccountChange.begin(transactor);
  const mailbox = await change.findMailbox(args.name);
  if (mailbox === undefined) throw new MailboxNotFoundError(args.name, 'set special use of');
  const others = await transactor.all<{ id: number }>(
    `SELECT id FROM mailboxes WHERE expunged = 0 AND special_use <> '' AND id <> ?`,
    [mailbox.id],
  );
  for (const { id } of others) {
    const other = await change.mailbox(id);
    const uses = other.special_use.split(' ');
    const rest = uses.filter((use) => !args.specialUse.includes(use));
    if (rest.length === uses.length) continue;
    other.special_use = rest.join(' ');
    change.touch(other);
  }
  mailbox.special_use = args.specialUse.join(' ');
  change.touch(mailbox);
  await change.finish();
}
