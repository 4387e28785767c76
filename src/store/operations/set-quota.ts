import type { AccountTransactor } from './account-change.ts';

export async function setQuota(transactor: AccountTransactor, args: { limitBytes: number | undefined }): Promise<void> {
  await transactor.run('UPDATE account SET quota_bytes = ? WHERE id = 1', [args.limitBytes ?? null]);
}
