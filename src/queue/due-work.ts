import type { Database, Reader } from '../database/engine.ts';
import type { DeliveryJob } from './delivery-route.ts';
import type { QueueOperations } from './operations.ts';
import type { MessageRow, QueueSchema, RecipientRow } from './schema.ts';

type QueueDatabase = Database<QueueSchema, QueueOperations>;

/** Domains with recipients that are due, the longest waiting first. */
export async function dueDestinations(database: QueueDatabase, now: number, limit: number): Promise<string[]> {
  const rows = await database.read((reader) =>
    reader.all<{ domain: string }>(
      'SELECT domain FROM destination WHERE next_attempt_at <= ? ORDER BY next_attempt_at LIMIT ?',
      [now, limit],
    ),
  );
  return rows.map((row) => row.domain);
}

/** When the first destination after `now` is due. */
export async function nextDueTime(database: QueueDatabase, now: number): Promise<number | undefined> {
  const row = await database.read((reader) =>
    reader.first<{ at: number | null }>(
      'SELECT min(next_attempt_at) AS at FROM destination WHERE next_attempt_at > ?',
      [now],
    ),
  );
  return row?.at ?? undefined;
}

/**
 * The message that is due longest at a destination, with those of its recipients there that are due.
 * @param underway messages that are being delivered there now, and are passed over
 */
export async function dueJob(
  database: QueueDatabase,
  domain: string,
  now: number,
  underway: ReadonlySet<number>,
  recipientLimit: number,
): Promise<DeliveryJob | undefined> {
  return await database.read(async (reader) => {
    const id = await dueMessage(reader, domain, now, underway);
    if (id === undefined) return undefined;
    const message = await reader.first<MessageRow>('SELECT * FROM message WHERE id = ?', [id]);
    if (message === undefined) return undefined;
    const recipients = await reader.all<RecipientRow>(
      `SELECT * FROM recipient WHERE message_id = ? AND +domain = ? AND held = 0 AND next_attempt_at <= ?
       ORDER BY id LIMIT ?`,
      [id, domain, now, recipientLimit],
    );
    return { message, recipients };
  });
}

async function dueMessage(
  reader: Reader<QueueSchema>,
  domain: string,
  now: number,
  underway: ReadonlySet<number>,
): Promise<number | undefined> {
  const row =
    underway.size === 0
      ? await reader.first<{ message_id: number }>(
          `SELECT message_id FROM recipient WHERE domain = ? AND held = 0 AND next_attempt_at <= ?
           ORDER BY next_attempt_at LIMIT 1`,
          [domain, now],
        )
      : await reader.first<{ message_id: number }>(
          `SELECT message_id FROM recipient WHERE domain = ? AND held = 0 AND next_attempt_at <= ?
             AND message_id NOT IN (SELECT value FROM json_each(?)) ORDER BY next_attempt_at LIMIT 1`,
          [domain, now, JSON.stringify([...underway])],
        );
  return row?.message_id;
}
