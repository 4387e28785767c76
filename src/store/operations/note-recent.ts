import type { AccountTransactor } from './account-change.ts';

/** Notes which messages some session was told of. It has no MODSEQ, as it is nothing that clients are told of. */
export async function noteRecent(
  transactor: AccountTransactor,
  args: { mailboxes: readonly { readonly id: number; readonly recentUid: number }[] },
): Promise<void> {
  await transactor.runEach(
    'UPDATE mailboxes SET recent_uid = max(recent_uid, ?) WHERE id = ?',
    args.mailboxes.map(({ id, recentUid }) => [recentUid, id]),
  );
}
