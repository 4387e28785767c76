import type { AccountTransactor } from './account-change.ts';

/** A move from another account is done: its messages are there no more. */
export async function forgetArrivedMove(transactor: AccountTransactor, args: { id: Uint8Array }): Promise<void> {
  await transactor.run('DELETE FROM arrived_moves WHERE id = ?', [args.id]);
}
