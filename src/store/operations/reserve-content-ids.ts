import type { AccountTransactor } from './account-change.ts';

export interface ContentIdBlock {
  readonly first: number;
  readonly last: number;
}

/**
 * Takes ids that no other process will use, so that files can get their names before their rows exist.
 * @param args.finished first ids of blocks that the caller has done with: all ids are in rows, or have no file
 */
export async function reserveContentIds(
  transactor: AccountTransactor,
  args: { count: number; finished: readonly number[] },
): Promise<ContentIdBlock> {
  const { first } = (await transactor.first<{ first: number }>(
    'SELECT next_content_id AS first FROM account WHERE id = 1',
  ))!;
  const last = first + args.count - 1;
  await transactor.run('UPDATE account SET next_content_id = ? WHERE id = 1', [last + 1]);
  await transactor.run('INSERT INTO content_blocks (first, last) VALUES (?, ?)', [first, last]);
  await transactor.runEach(
    'DELETE FROM content_blocks WHERE first = ?',
    args.finished.map((block) => [block]),
  );
  return { first, last };
}
