import type { Database, Parameter } from '../database/engine.ts';
import type { EndKind } from './end-recipient.ts';
import type { QueueOperations } from './operations.ts';
import type { AttemptReply, DeliveryTls } from './queue.ts';
import type { QueueSchema, RetiredRow } from './schema.ts';

/** All that match every member given; with none, all. Addresses are compared without regard to case. */
export interface RetiredFilter {
  readonly account?: string | undefined;
  readonly sender?: string | undefined;
  readonly recipient?: string | undefined;
  /** Message-ID without brackets. */
  readonly messageId?: string | undefined;
  readonly end?: EndKind | undefined;
  /** Ended at this instant or later, milliseconds. */
  readonly since?: number | undefined;
}

export interface RetiredMessage {
  /** What was its id in the queue. */
  readonly id: number;
  readonly messageId: number;
  readonly account: string | undefined;
  readonly sender: string;
  readonly recipient: string;
  readonly subject: string;
  /** Without brackets. */
  readonly messageIdHeader: string;
  readonly sizeBytes: number;
  readonly isDsn: boolean;
  readonly queuedAt: number;
  readonly endedAt: number;
  readonly end: EndKind;
  readonly attempts: number;
  readonly lastResult: AttemptReply | undefined;
  /** Name of the transport that it went by; absent when it went to the recipient's own servers. */
  readonly transport: string | undefined;
}

/** What became of the recipients that were in the queue. */
export class RetiredMessages {
  readonly #database: Database<QueueSchema, QueueOperations>;

  constructor(database: Database<QueueSchema, QueueOperations>) {
    this.#database = database;
  }

  /** The first `limit` by the time they ended, after one that is known. */
  async list(
    filter: RetiredFilter,
    limit: number,
    after: { endedAt: number; id: number } = { endedAt: 0, id: 0 },
  ): Promise<RetiredMessage[]> {
    const terms = ['ended_at >= ?', '(ended_at, id) > (?, ?)'];
    const parameters: Parameter[] = [Math.max(filter.since ?? 0, after.endedAt), after.endedAt, after.id];
    const add = (term: string, parameter: Parameter | undefined): void => {
      if (parameter === undefined) return;
      terms.push(term);
      parameters.push(parameter);
    };
    add('account = ?', filter.account);
    add('sender = ? COLLATE NOCASE', filter.sender);
    add('address = ? COLLATE NOCASE', filter.recipient);
    add('message_id_header = ?', filter.messageId);
    add('"end" = ?', filter.end);
    const rows = await this.#database.read((reader) =>
      reader.all<RetiredRow>(`SELECT * FROM retired WHERE ${terms.join(' AND ')} ORDER BY ended_at, id LIMIT ?`, [
        ...parameters,
        limit,
      ]),
    );
    return rows.map(listed);
  }
}

function listed(row: RetiredRow): RetiredMessage {
  const said = { code: row.code ?? 0, enhanced: row.enhanced ?? '', text: row.text ?? '' };
  return {
    id: row.id,
    messageId: row.message_id,
    account: row.account ?? undefined,
    sender: row.sender,
    recipient: row.address,
    subject: row.subject,
    messageIdHeader: row.message_id_header,
    sizeBytes: row.size_bytes,
    isDsn: row.is_dsn === 1,
    queuedAt: row.queued_at,
    endedAt: row.ended_at,
    end: row.end as EndKind,
    attempts: row.attempts,
    lastResult:
      row.code === null
        ? undefined
        : {
            ...said,
            ...(row.host === null ? {} : { host: row.host }),
            ...(row.tls === null ? {} : { tls: row.tls as DeliveryTls }),
          },
    transport: row.transport ?? undefined,
  };
}
