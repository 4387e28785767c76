import type { MessageStructure } from '../../message/structure.ts';
import { describeContent } from '../content-facts.ts';
import type { AccountTransactor } from './account-change.ts';
import { placeInThread } from './place-in-thread.ts';
import { type Repaired, Repairs } from './repairs.ts';

interface ContentRow {
  id: number;
  structure: string;
  prefix: Uint8Array;
  /** When it came. */
  savedAt: number | null;
}

const step = 500;

/**
 * Puts all messages into threads anew, in the order they came, from what is stored of their headers. One transaction: nobody sees half of
 * it. What a person has set for a thread follows the oldest message of it.
 */
export async function reassignThreads(transactor: AccountTransactor, args: { dryRun: boolean }): Promise<Repaired> {
  const repairs = new Repairs(transactor);
  const before = new Map<number, string>();
  const settings = await transactor.all<{ oldest: number | null; muted: number; collapsed: number }>(
    `SELECT (SELECT min(id) FROM contents WHERE contents.thread_id = thread_settings.thread_id) AS oldest, muted, collapsed
     FROM thread_settings`,
  );
  for (const table of ['message_ids', 'thread_merges', 'subject_threads', 'thread_settings']) {
    await transactor.run(`DELETE FROM ${table}`);
  }
  for (const { id, was } of await transactor.all<{ id: number; was: string }>(
    `SELECT id, thread_id || ' ' || coalesce(parent_id, '') || ' ' || missing_link AS was FROM contents`,
  )) {
    before.set(id, was);
  }
  // No thread has a number below zero: what is not placed yet is in none.
  await transactor.run(
    `UPDATE contents SET given_thread_id = coalesce(given_thread_id, thread_id), thread_id = -id, parent_id = NULL, parent_hash = NULL,
     missing_link = 0`,
  );
  for (let after = 0; ; ) {
    const rows = await transactor.all<ContentRow>(
      `SELECT id, structure, prefix, (SELECT min(saved_at) FROM messages WHERE content_id = contents.id AND expunged = 0) AS savedAt
       FROM contents WHERE id > ? ORDER BY id LIMIT ?`,
      [after, step],
    );
    for (const { id, structure, prefix, savedAt } of rows) {
      const facts = describeContent(JSON.parse(structure) as MessageStructure, prefix);
      const place = await placeInThread(transactor, id, savedAt ?? 0, facts);
      await transactor.run(
        'UPDATE contents SET thread_id = ?, parent_id = ?, parent_hash = ?, missing_link = ? WHERE id = ?',
        [place.threadId, place.parentId, place.parentHash, place.missingLink ? 1 : 0, id],
      );
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < step) break;
    after = last.id;
  }
  await transactor.run(
    `UPDATE messages SET thread_id = contents.thread_id FROM contents
     WHERE contents.id = messages.content_id AND messages.expunged = 0 AND messages.thread_id <> contents.thread_id`,
  );
  for (const { oldest, muted, collapsed } of settings) {
    if (oldest === null) continue;
    await transactor.run(
      `INSERT OR IGNORE INTO thread_settings (thread_id, muted, collapsed)
       SELECT thread_id, ?, ? FROM contents WHERE id = ?`,
      [muted, collapsed, oldest],
    );
  }
  // Where nothing has changed there is nothing to remember.
  await transactor.run('UPDATE contents SET given_thread_id = NULL WHERE given_thread_id = thread_id');
  let changed = 0;
  for (const { id, now } of await transactor.all<{ id: number; now: string }>(
    `SELECT id, thread_id || ' ' || coalesce(parent_id, '') || ' ' || missing_link AS now FROM contents`,
  )) {
    if (before.get(id) !== now) changed++;
  }
  repairs.count('messages put into another place in threads', changed);
  return repairs.finish(args.dryRun);
}
