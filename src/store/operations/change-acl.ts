import { limits } from '../../runtime/limits.ts';
import { changeRights, type Rights, type RightsChange } from '../sharing/rights.ts';
import { StoreLimitError } from '../store-errors.ts';
import { AccountChange, type AccountTransactor } from './account-change.ts';

/**
 * Changes what a mailbox's access control list says of one identifier; without any right, the entry goes.
 * @throws MailboxNotFoundError, StoreLimitError
 */
export async function changeAcl(
  transactor: AccountTransactor,
  args: RightsChange & { mailboxId: number; identifier: string; accountCreatedAt: number },
): Promise<void> {
  const { mailboxId, identifier, accountCreatedAt } = args;
  const mailbox = await (await AccountChange.begin(transactor)).mailbox(mailboxId);
  const row = await transactor.first<{ rights: Rights; createdAt: number }>(
    'SELECT rights, account_created_at AS createdAt FROM acl WHERE mailbox_id = ? AND identifier = ?',
    [mailboxId, identifier],
  );
  // What an earlier account of the name had, this one doesn't have.
  const before = row?.createdAt === accountCreatedAt ? row.rights : '';
  const rights = changeRights(before, args);
  if (rights === '') {
    await transactor.run('DELETE FROM acl WHERE mailbox_id = ? AND identifier = ?', [mailboxId, identifier]);
    return;
  }
  const { count } = (await transactor.first<{ count: number }>(
    'SELECT count(*) AS count FROM acl WHERE mailbox_id = ?',
    [mailboxId],
  ))!;
  if (row === undefined && count >= limits.aclEntriesPerMailbox) {
    throw new StoreLimitError(
      `share mailbox "${mailbox.name}" with "${identifier}"`,
      'aclEntriesPerMailbox',
      limits.aclEntriesPerMailbox,
    );
  }
  await transactor.run(
    `INSERT INTO acl (mailbox_id, identifier, account_created_at, rights) VALUES (?, ?, ?, ?)
     ON CONFLICT (mailbox_id, identifier) DO UPDATE SET account_created_at = excluded.account_created_at, rights = excluded.rights`,
    [mailboxId, identifier, accountCreatedAt, rights],
  );
}

/** Nobody but the owner has any right from now on: for an account that gets another name. */
export async function clearAcls(transactor: AccountTransactor): Promise<void> {
  await transactor.run('DELETE FROM acl');
}
