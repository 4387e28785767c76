import type { AccountTransactor } from './account-change.ts';
import { recount } from './recalculate-counts.ts';
import { type Repaired, Repairs } from './repairs.ts';

/**
 * Gives contents the sizes that their files have, messages those of their contents, and counts again.
 * @param args.sizes of files whose bytes are those that their rows' SHA-256 was made of
 */
export async function repairSizes(
  transactor: AccountTransactor,
  args: { sizes: readonly { contentId: number; sizeBytes: number }[]; dryRun: boolean },
): Promise<Repaired> {
  const repairs = new Repairs(transactor);
  await transactor.runEach(
    'UPDATE contents SET file_size = ? WHERE id = ?',
    args.sizes.map(({ contentId, sizeBytes }) => [sizeBytes, contentId]),
  );
  repairs.count('sizes of contents corrected', args.sizes.length);
  await repairs.run(
    'sizes of messages corrected',
    `UPDATE messages SET size = contents.file_size + length(contents.prefix) FROM contents
     WHERE contents.id = messages.content_id AND messages.expunged = 0
       AND messages.size <> contents.file_size + length(contents.prefix)`,
  );
  await recount(repairs);
  return repairs.finish(args.dryRun);
}
