import type { AccountTransactor } from './account-change.ts';

/** Notes how far an import from a mailbox has come; see `ImportMailbox`. Its mailbox here is prepared. */
export async function settleImport(
  transactor: AccountTransactor,
  args: { importMailboxId: number; completeBelow: number; modseq: string },
): Promise<void> {
  await transactor.run('UPDATE import_mailboxes SET complete_below = ?, modseq = ?, is_prepared = 1 WHERE id = ?', [
    args.completeBelow,
    args.modseq,
    args.importMailboxId,
  ]);
}
