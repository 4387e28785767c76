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
  hold_rule: HoldRuleRow;
  retired: RetiredRow;
  suppression: SuppressionRow;
  bounce: { account: string; base_address: string; recipient_id: number; by_notice: number; at: number };
  webhook: WebhookRow;
  retired_webhook: RetiredWebhookRow;
  incoming_cursor: { account: string; modseq: number };
  incoming_seen: { account: string; content_id: number; purpose: string; at: number };
}

export interface WebhookRow {
  id: number;
  account: string;
  kind: 'outgoing' | 'incoming';
  event: string;
  /** JSON. */
  payload: string;
  queued_at: number;
  attempts: number;
  next_attempt_at: number;
  last_attempt_at: number | null;
  last_status: number | null;
  last_error: string | null;
}

export interface RetiredWebhookRow {
  id: number;
  account: string;
  kind: 'outgoing' | 'incoming';
  event: string;
  queued_at: number;
  ended_at: number;
  end: 'delivered' | 'failed' | 'canceled';
  attempts: number;
  status: number | null;
  error: string | null;
}

/** `base_address` is what is compared, `address` as it was first given. */
export interface SuppressionRow {
  account: string;
  base_address: string;
  address: string;
  by_hand: number;
  reason: string;
  added_at: number;
}

/** What became of a recipient; the id is that of its row in `recipient`, which is gone. */
export interface RetiredRow {
  id: number;
  message_id: number;
  account: string | null;
  sender: string;
  address: string;
  subject: string;
  message_id_header: string;
  size_bytes: number;
  is_dsn: number;
  queued_at: number;
  ended_at: number;
  end: string;
  attempts: number;
  code: number | null;
  enhanced: string | null;
  text: string | null;
  host: string | null;
  transport: string | null;
  /** Of the sender's address, when it has one: see from-id.ts. */
  from_id: string | null;
  tls: string | null;
}

/** A member that is null fits every message. */
export interface HoldRuleRow {
  id: number;
  account: string | null;
  sender_domain: string | null;
  recipient_domain: string | null;
  added_at: number;
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
  tls_optional: number;
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
  last_tls: string | null;
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
  {
    version: 3,
    sql: `
      CREATE TABLE hold_rule (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT,
        sender_domain TEXT,
        recipient_domain TEXT,
        added_at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE retired (
        id INTEGER PRIMARY KEY,
        message_id INTEGER NOT NULL,
        account TEXT,
        sender TEXT NOT NULL,
        address TEXT NOT NULL,
        subject TEXT NOT NULL,
        message_id_header TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        is_dsn INTEGER NOT NULL,
        queued_at INTEGER NOT NULL,
        ended_at INTEGER NOT NULL,
        "end" TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        code INTEGER,
        enhanced TEXT,
        text TEXT,
        host TEXT,
        transport TEXT,
        from_id TEXT
      ) STRICT;
      CREATE INDEX retired_ended ON retired (ended_at);
      CREATE INDEX retired_message ON retired (message_id_header) WHERE account IS NOT NULL;
      CREATE INDEX retired_from_id ON retired (from_id) WHERE from_id IS NOT NULL;
      CREATE INDEX retired_of_message ON retired (message_id);
      CREATE TABLE suppression (
        account TEXT NOT NULL,
        base_address TEXT NOT NULL,
        address TEXT NOT NULL,
        by_hand INTEGER NOT NULL,
        reason TEXT NOT NULL,
        added_at INTEGER NOT NULL,
        PRIMARY KEY (account, base_address)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE bounce (
        account TEXT NOT NULL,
        base_address TEXT NOT NULL,
        recipient_id INTEGER NOT NULL,
        by_notice INTEGER NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (account, base_address, recipient_id)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX bounce_at ON bounce (at);
      CREATE TABLE webhook (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        kind TEXT NOT NULL,
        event TEXT NOT NULL,
        payload TEXT NOT NULL,
        queued_at INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_attempt_at INTEGER NOT NULL,
        last_attempt_at INTEGER,
        last_status INTEGER,
        last_error TEXT
      ) STRICT;
      CREATE INDEX webhook_of_account ON webhook (account, id);
      CREATE TABLE retired_webhook (
        id INTEGER PRIMARY KEY,
        account TEXT NOT NULL,
        kind TEXT NOT NULL,
        event TEXT NOT NULL,
        queued_at INTEGER NOT NULL,
        ended_at INTEGER NOT NULL,
        "end" TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        status INTEGER,
        error TEXT
      ) STRICT;
      CREATE INDEX retired_webhook_ended ON retired_webhook (ended_at);
      CREATE TABLE incoming_cursor (account TEXT PRIMARY KEY, modseq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE incoming_seen (
        account TEXT NOT NULL,
        content_id INTEGER NOT NULL,
        purpose TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (account, content_id, purpose)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX incoming_seen_at ON incoming_seen (at);
    `,
  },
  {
    version: 4,
    sql: `
      ALTER TABLE message ADD COLUMN tls_optional INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE recipient ADD COLUMN last_tls TEXT;
      ALTER TABLE retired ADD COLUMN tls TEXT;
    `,
  },
  { version: 5, sql: 'ALTER TABLE message ADD COLUMN report TEXT;' },
];
