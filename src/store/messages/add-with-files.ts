import type { SharedAccount } from '../shared-account.ts';
import { reviveStoreError } from '../store-errors.ts';
import type { ReceivedFile } from './received-file.ts';

/**
 * Gives files their names in the account for an operation that writes their rows.
 * @param write returns its result, and the ids that got no row after all
 */
export async function addWithFiles<Result>(
  shared: SharedAccount,
  messages: readonly { readonly file: ReceivedFile }[],
  write: (contentIds: readonly number[]) => Promise<{ result: Result; unused: readonly number[] }>,
): Promise<Result> {
  const { contentIds, files } = shared;
  const ids = await contentIds.take(messages.length);
  let outcome: 'certain' | 'uncertain' = 'uncertain';
  try {
    await files.link(messages.map(({ file }, index) => ({ file, contentId: ids[index]! })));
    let written: Awaited<ReturnType<typeof write>>;
    try {
      written = await write(ids);
    } catch (error) {
      // After any other error the rows may exist: a worker that died may have committed.
      if (reviveStoreError(error) !== undefined) {
        await files.remove(ids);
        outcome = 'certain';
      }
      throw error;
    }
    await files.remove(written.unused);
    outcome = 'certain';
    return written.result;
  } finally {
    contentIds.settle(ids, outcome);
  }
}
