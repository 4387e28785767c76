import type { AccountTransactor } from './account-change.ts';

interface Erased {
  id: number;
  thread_id: number;
  message_id_hash: number | null;
  subject_hash: number | null;
}

/** Removes the rows of contents whose files are gone, and what only they kept in the tables of threads. */
export async function forgetErased(
  transactor: AccountTransactor,
  args: { contentIds: readonly number[] },
): Promise<void> {
  for (const contentId of args.contentIds) {
    await transactor.run('DELETE FROM erase WHERE content_id = ?', [contentId]);
    const content = await transactor.first<Erased>(
      'SELECT id, thread_id, message_id_hash, subject_hash FROM contents WHERE id = ?',
      [contentId],
    );
    if (content === undefined) continue;
    await transactor.run('DELETE FROM contents WHERE id = ?', [contentId]);
    await transactor.run('UPDATE contents SET parent_id = NULL, missing_link = 1 WHERE parent_id = ?', [contentId]);
    const rest = await transactor.first('SELECT id FROM contents WHERE thread_id = ? LIMIT 1', [content.thread_id]);
    if (rest !== undefined) {
      await transactor.run('UPDATE message_ids SET content_id = NULL WHERE hash = ? AND content_id = ?', [
        content.message_id_hash,
        contentId,
      ]);
      continue;
    }
    await transactor.run('DELETE FROM message_ids WHERE hash = ? AND content_id = ?', [
      content.message_id_hash,
      contentId,
    ]);
    await transactor.run('DELETE FROM subject_threads WHERE hash = ? AND thread_id = ?', [
      content.subject_hash,
      content.thread_id,
    ]);
    await transactor.run('DELETE FROM thread_merges WHERE into_id = ?', [content.thread_id]);
  }
}
