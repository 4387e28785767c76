import type { Migration } from '../database/engine.ts';

/** Tables of `queue/index.db`; what they hold and promise is said at the head of `queue.ts`. */
export interface QueueSchema {
  message: MessageRow;
  recipient: RecipientRow;
  destination: { domain: string; next_attempt_at: number };
  reserved: { first: number; last: number };
  erase: { message_id: number };
  sent: { account: string; hour: number; messages: number };
  known_recipient: { account: string; address: string; first_at: number };
}

export interface MessageRow {
  id: number;
  account: string | null;
  sender: string;
  size_bytes: number;
  sha256: Uint8Array;
  prefix: Uint8Array;
  subject: string;
  message_id_header: string;
  ret: string | null;
  envid: string | null;
  smtputf8: number;
  body: string;
  require_tls: number;
  is_dsn: number;
  /** ReportKind; null for other mail. */
  report: string | null;
  queued_at: number;
}

export interface RecipientRow {
  id: number;
  message_id: number;
  address: string;
  domain: string;
  notify: string | null;
  orcpt: string | null;
  held: number;
  attempts: number;
  next_attempt_at: number;
  last_attempt_at: number | null;
  last_code: number | null;
  last_enhanced: string | null;
  last_text: string | null;
  last_host: string | null;
}

export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
      CREATE TABLE message (
        id INTEGER PRIMARY KEY,
        account TEXT,
        sender TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        sha256 BLOB NOT NULL,
        prefix BLOB NOT NULL,
        subject TEXT NOT NULL,
        message_id_header TEXT NOT NULL,
        ret TEXT,
        envid TEXT,
        smtputf8 INTEGER NOT NULL,
        body TEXT NOT NULL,
        require_tls INTEGER NOT NULL,
        is_dsn INTEGER NOT NULL,
        queued_at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE recipient (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        message_id INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
        address TEXT NOT NULL,
        domain TEXT NOT NULL,
        notify TEXT,
        orcpt TEXT,
        held INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_attempt_at INTEGER NOT NULL,
        last_attempt_at INTEGER,
        last_code INTEGER,
        last_enhanced TEXT,
        last_text TEXT,
        last_host TEXT
      ) STRICT;
      CREATE INDEX recipient_of_message ON recipient (message_id);
      CREATE INDEX recipient_due ON recipient (domain, next_attempt_at) WHERE held = 0;
      CREATE TABLE destination (
        domain TEXT PRIMARY KEY,
        next_attempt_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX destination_due ON destination (next_attempt_at);
      CREATE TABLE reserved (first INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;
      CREATE TABLE next_id (one INTEGER PRIMARY KEY CHECK (one = 1), id INTEGER NOT NULL) STRICT;
      INSERT INTO next_id (one, id) VALUES (1, 1);
      CREATE TABLE erase (message_id INTEGER PRIMARY KEY) STRICT;
    `,
  },
  {
    version: 2,
    sql: `
      CREATE TABLE sent (
        account TEXT NOT NULL,
        hour INTEGER NOT NULL,
        messages INTEGER NOT NULL,
        PRIMARY KEY (account, hour)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE known_recipient (
        account TEXT NOT NULL,
        address TEXT NOT NULL,
        first_at INTEGER NOT NULL,
        PRIMARY KEY (account, address)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX known_recipient_since ON known_recipient (account, first_at);
    `,
  },
  { version: 3, sql: 'ALTER TABLE message ADD COLUMN report TEXT;' },
];
