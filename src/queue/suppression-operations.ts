import type { Transactor } from '../database/engine.ts';
import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import type { QueueSchema } from './schema.ts';

type Write = Transactor<QueueSchema>;

export const suppressionOperations = {
  /** @returns false when it was there */
  async addSuppression(
    write: Write,
    args: { account: string; base: string; address: string; reason: string; now: number },
  ): Promise<{ added: boolean }> {
    const { account, base, address, reason, now } = args;
    const row = await write.first<{ count: number }>('SELECT count(*) AS count FROM suppression WHERE account = ?', [
      account,
    ]);
    if ((row?.count ?? 0) >= limits.suppressionsPerAccount) {
      const problem = `Cannot suppress "${address}": account "${account}" suppresses ${limits.suppressionsPerAccount} addresses`;
      throw new RestanteError('too-many-suppressions', problem, { hint: 'restante queue suppress remove' });
    }
    const { changes } = await write.run(
      'INSERT OR IGNORE INTO suppression (account, base_address, address, by_hand, reason, added_at) VALUES (?, ?, ?, 1, ?, ?)',
      [account, base, address, reason, now],
    );
    return { added: changes > 0 };
  },

  async removeSuppressions(
    write: Write,
    args: { account: string; bases: readonly string[] },
  ): Promise<{ count: number }> {
    const bases = JSON.stringify(args.bases);
    const parameters = [args.account, bases];
    const where = 'account = ? AND base_address IN (SELECT value FROM json_each(?))';
    await write.run(`DELETE FROM bounce WHERE ${where}`, parameters);
    const { changes } = await write.run(`DELETE FROM suppression WHERE ${where}`, parameters);
    return { count: changes };
  },

  async forgetBounces(write: Write, args: { before: number; limit: number }): Promise<{ count: number }> {
    const { changes } = await write.run(
      `DELETE FROM bounce WHERE (account, base_address, recipient_id) IN
         (SELECT account, base_address, recipient_id FROM bounce WHERE at < ? ORDER BY at LIMIT ?)`,
      [args.before, args.limit],
    );
    return { count: changes };
  },
};
