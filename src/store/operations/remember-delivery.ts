import { limits } from '../../runtime/limits.ts';
import { AlreadyDeliveredError } from '../store-errors.ts';
import type { AccountTransactor } from './account-change.ts';

/** Notes a delivery, and forgets the oldest. @throws AlreadyDeliveredError when it is known */
export async function rememberDelivery(transactor: AccountTransactor, id: Uint8Array): Promise<void> {
  const { changes, lastInsertId } = await transactor.run('INSERT OR IGNORE INTO deliveries (id) VALUES (?)', [id]);
  if (changes === 0) throw new AlreadyDeliveredError();
  await transactor.run('DELETE FROM deliveries WHERE number <= ?', [lastInsertId - limits.rememberedDeliveries]);
}
