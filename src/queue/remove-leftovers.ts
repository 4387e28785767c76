import type { Database } from '../database/engine.ts';
import type { Log } from '../runtime/log.ts';
import type { MessageFiles } from './message-files.ts';
import type { QueueOperations } from './operations.ts';
import type { QueueSchema } from './schema.ts';

/** Removes files that a crash has left without a row: their ids are in blocks that were reserved and not settled. */
export async function removeLeftovers(
  database: Database<QueueSchema, QueueOperations>,
  files: MessageFiles,
  log: Log,
): Promise<void> {
  const blocks = await database.read((reader) =>
    reader.all<{ first: number; last: number }>('SELECT first, last FROM reserved'),
  );
  if (blocks.length === 0) return;
  let removed = 0;
  for (const { first, last } of blocks) {
    const rows = await database.read((reader) =>
      reader.all<{ id: number }>(
        'SELECT id FROM message WHERE id BETWEEN ? AND ? UNION ALL SELECT message_id FROM erase WHERE message_id BETWEEN ? AND ?',
        [first, last, first, last],
      ),
    );
    const known = new Set(rows.map((row) => row.id));
    const ids = Array.from({ length: last - first + 1 }, (_, at) => first + at);
    removed += await files.removeAll(ids.filter((id) => !known.has(id)));
  }
  await database.write('settleReserved', { firsts: blocks.map(({ first }) => first) });
  if (removed > 0) log.info({ removed }, 'Removed files of messages that were never queued');
}
