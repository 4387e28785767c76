import type { UidRanges } from '../uid-ranges.ts';
import { AccountChange, type AccountTransactor } from './account-change.ts';
import { expungeRows } from './expunge-messages.ts';

/**
 * Expunges messages that a move has taken to another account, once: asked again, it tells what it has done.
 * @returns UIDs of those that were still there, which this move and nobody else has taken; how many contents have no live message any more
 */
export async function expungeMoved(
  transactor: AccountTransactor,
  args: { id: Uint8Array; mailboxId: number; ranges: UidRanges },
): Promise<{ uids: number[]; erasable: number }> {
  const done = await transactor.first<{ uids: string }>('SELECT uids FROM departed_moves WHERE id = ?', [args.id]);
  if (done !== undefined) return { uids: JSON.parse(done.uids) as number[], erasable: 0 };
  const change = await AccountChange.begin(transactor);
  const live = await transactor.first('SELECT 1 FROM mailboxes WHERE id = ? AND expunged = 0', [args.mailboxId]);
  // With a mailbox that was deleted, its messages have gone.
  const taken =
    live === undefined
      ? { uids: [], erasable: 0 }
      : await expungeRows(change, await change.mailbox(args.mailboxId), args.ranges, 'all');
  await change.finish();
  await transactor.run('INSERT INTO departed_moves (id, uids) VALUES (?, ?)', [args.id, JSON.stringify(taken.uids)]);
  return taken;
}

/** A move between accounts is done. */
export async function forgetMove(transactor: AccountTransactor, args: { id: Uint8Array }): Promise<void> {
  await transactor.run('DELETE FROM arrived_moves WHERE id = ?', [args.id]);
  await transactor.run('DELETE FROM departed_moves WHERE id = ?', [args.id]);
}
