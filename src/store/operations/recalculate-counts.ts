import type { AccountTransactor } from './account-change.ts';
import { type Repaired, Repairs } from './repairs.ts';

/** Counts again what mailboxes and the account hold. */
export async function recalculateCounts(transactor: AccountTransactor, args: { dryRun: boolean }): Promise<Repaired> {
  const repairs = new Repairs(transactor);
  await recount(repairs);
  return repairs.finish(args.dryRun);
}

export async function recount(repairs: Repairs): Promise<void> {
  await repairs.run(
    'mailboxes counted again',
    `UPDATE mailboxes SET messages = counted.messages, unseen = counted.unseen, deleted = counted.deleted, size = counted.size
     FROM (SELECT mailboxes.id, count(uid) AS messages, coalesce(sum(messages.flags & 1 = 0), 0) AS unseen,
         coalesce(sum(messages.flags & 8 <> 0), 0) AS deleted, coalesce(sum(messages.size), 0) AS size
       FROM mailboxes LEFT JOIN messages ON mailbox_id = mailboxes.id AND messages.expunged = 0 GROUP BY mailboxes.id
     ) AS counted WHERE counted.id = mailboxes.id AND (mailboxes.messages <> counted.messages
       OR mailboxes.unseen <> counted.unseen OR mailboxes.deleted <> counted.deleted OR mailboxes.size <> counted.size)`,
  );
  await repairs.run(
    'use of the account counted again',
    `UPDATE account SET messages = counted.messages, used_bytes = counted.size
     FROM (SELECT coalesce(sum(messages), 0) AS messages, coalesce(sum(size), 0) AS size FROM mailboxes) AS counted
     WHERE account.messages <> counted.messages OR used_bytes <> counted.size`,
  );
  await repairs.run('limits below zero taken away', 'UPDATE account SET quota_bytes = NULL WHERE quota_bytes < 0');
}
