import type { Database, Parameter } from '../database/engine.ts';
import { filterCondition } from './filter-condition.ts';
import type { QueueOperations } from './operations.ts';
import type { DeliveryTls, QueuedMessage, QueueFilter } from './queue.ts';
import type { MessageRow, QueueSchema, RecipientRow } from './schema.ts';

type ListedRow = Omit<RecipientRow, 'notify' | 'orcpt'> &
  Pick<
    MessageRow,
    'account' | 'sender' | 'subject' | 'message_id_header' | 'is_dsn' | 'require_tls' | 'smtputf8' | 'queued_at'
  > & { total_bytes: number };

/** Recipients that match, by id, after the id `after`. A filter that names nothing is for all. */
export async function listRecipients(
  database: Database<QueueSchema, QueueOperations>,
  filter: QueueFilter,
  after: number,
  limit: number,
): Promise<QueuedMessage[]> {
  const { sql, parameters } = filterCondition({ ...filter, all: true });
  const all: Parameter[] = [after, ...parameters, limit];
  const rows = await database.read((reader) =>
    reader.all<ListedRow>(
      `SELECT r.id, r.message_id, r.address, r.domain, r.held, r.attempts, r.next_attempt_at, r.last_attempt_at, r.last_code,
         r.last_enhanced, r.last_text, r.last_host, r.last_tls, m.account, m.sender, m.subject, m.message_id_header, m.is_dsn, m.require_tls,
         m.smtputf8, m.queued_at, m.size_bytes + length(m.prefix) AS total_bytes
       FROM recipient r JOIN message m ON m.id = r.message_id WHERE r.id > ? AND ${sql} ORDER BY r.id LIMIT ?`,
      all,
    ),
  );
  return rows.map(listed);
}

function listed(row: ListedRow): QueuedMessage {
  return {
    id: row.id,
    messageId: row.message_id,
    account: row.account ?? undefined,
    sender: row.sender,
    recipient: row.address,
    domain: row.domain,
    queuedAt: row.queued_at,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    held: row.held === 1,
    lastAttemptAt: row.last_attempt_at ?? undefined,
    lastResult:
      row.last_code === null
        ? undefined
        : {
            code: row.last_code,
            enhanced: row.last_enhanced ?? '',
            text: row.last_text ?? '',
            ...(row.last_host === null ? {} : { host: row.last_host }),
            ...(row.last_tls === null ? {} : { tls: row.last_tls as DeliveryTls }),
          },
    sizeBytes: row.total_bytes,
    subject: row.subject,
    messageIdHeader: row.message_id_header,
    isDsn: row.is_dsn === 1,
    requireTls: row.require_tls === 1,
    smtputf8: row.smtputf8 === 1,
  };
}
