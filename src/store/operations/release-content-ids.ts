import type { AccountTransactor } from './account-change.ts';

/**
 * Gives back blocks whose ids are all in rows, unused, or without file.
 * @param args.blocks `next`: the first id of the block that was never used
 */
export async function releaseContentIds(
  transactor: AccountTransactor,
  args: { blocks: readonly { first: number; next: number }[] },
): Promise<void> {
  for (const { first, next } of args.blocks) {
    await transactor.run(
      `UPDATE account SET next_content_id = ?
       WHERE next_content_id = (SELECT last + 1 FROM content_blocks WHERE first = ?)`,
      [next, first],
    );
    await transactor.run('DELETE FROM content_blocks WHERE first = ?', [first]);
  }
}
