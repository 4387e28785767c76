import { MailboxExistsError, SpecialUseTakenError } from '../store-errors.ts';
import { AccountChange, type AccountTransactor } from './account-change.ts';
import { makeMailbox } from './make-mailbox.ts';

/** @param args.name normalised. @returns its id. @throws MailboxExistsError, SpecialUseTakenError, StoreLimitError */
export async function createMailbox(
  transactor: AccountTransactor,
  args: { name: string; specialUse: readonly string[] },
): Promise<number> {
  const change = await AccountChange.begin(transactor);
  if ((await change.findMailbox(args.name)) !== undefined) throw new MailboxExistsError(args.name);
  for (const use of args.specialUse) {
    const owner = await transactor.first<{ name: string }>(
      `SELECT name FROM mailboxes WHERE expunged = 0 AND ' ' || special_use || ' ' LIKE '% ' || ? || ' %'`,
      [use],
    );
    if (owner !== undefined) throw new SpecialUseTakenError(use, owner.name);
  }
  const mailbox = await makeMailbox(change, args.name, { specialUse: args.specialUse.join(' ') });
  await change.finish();
  return mailbox.id;
}
