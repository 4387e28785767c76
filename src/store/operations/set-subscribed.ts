import { limits } from '../../runtime/limits.ts';
import { StoreLimitError } from '../store-errors.ts';
import type { AccountTransactor } from './account-change.ts';

/** A name may be subscribed to whether or not its mailbox exists. @throws StoreLimitError */
export async function setSubscribed(
  transactor: AccountTransactor,
  args: { name: string; subscribed: boolean },
): Promise<void> {
  if (!args.subscribed) {
    await transactor.run('DELETE FROM subscriptions WHERE name = ?', [args.name]);
    return;
  }
  const { count } = (await transactor.first<{ count: number }>('SELECT count(*) AS count FROM subscriptions'))!;
  if (count >= limits.subscriptionsPerAccount) {
    throw new StoreLimitError(`subscribe to "${args.name}"`, 'subscriptionsPerAccount', limits.subscriptionsPerAccount);
  }
  await transactor.run('INSERT OR IGNORE INTO subscriptions (name) VALUES (?)', [args.name]);
}
