import type { Database } from '../database/engine.ts';
import type { DeliveryJob } from './delivery-route.ts';
import { filterCondition } from './filter-condition.ts';
import type { QueueOperations } from './operations.ts';
import type { QueueFilter } from './queue.ts';
import type { MessageRow, QueueSchema, RecipientRow } from './schema.ts';

/**
 * Recipients that match, by id, grouped by message and domain.
 * @returns where the next step goes on in `after`, undefined when there is none
 */
export async function chooseJobs(
  database: Database<QueueSchema, QueueOperations>,
  step: { filter: QueueFilter; after: number; limit: number },
): Promise<{ jobs: DeliveryJob[]; after: number | undefined }> {
  const { sql, parameters } = filterCondition(step.filter);
  return await database.read(async (reader) => {
    const rows = await reader.all<RecipientRow>(
      `SELECT r.* FROM recipient r JOIN message m ON m.id = r.message_id WHERE r.id > ? AND ${sql} ORDER BY r.id LIMIT ?`,
      [step.after, ...parameters, step.limit],
    );
    const jobs = new Map<string, { message: MessageRow; recipients: RecipientRow[] }>();
    for (const row of rows) {
      const key = `${row.message_id} ${row.domain}`;
      const job = jobs.get(key);
      if (job !== undefined) {
        job.recipients.push(row);
        continue;
      }
      const message = await reader.first<MessageRow>('SELECT * FROM message WHERE id = ?', [row.message_id]);
      if (message !== undefined) jobs.set(key, { message, recipients: [row] });
    }
    return { jobs: [...jobs.values()], after: rows.length < step.limit ? undefined : rows.at(-1)?.id };
  });
}
