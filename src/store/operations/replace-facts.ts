import { type FactsRow, factsColumns } from '../facts-row.ts';
import type { AccountTransactor } from './account-change.ts';
import { type Repaired, Repairs } from './repairs.ts';

/** Replaces what is stored of what messages hold. */
export async function replaceFacts(
  transactor: AccountTransactor,
  args: { contents: readonly { id: number; row: FactsRow }[]; dryRun: boolean },
): Promise<Repaired> {
  const repairs = new Repairs(transactor);
  await transactor.runEach(
    `UPDATE contents SET ${factsColumns.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
    args.contents.map(({ id, row }) => [...factsColumns.map((column) => row[column]), id]),
  );
  repairs.count('messages described anew', args.contents.length);
  return repairs.finish(args.dryRun);
}
