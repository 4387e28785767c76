/** What an account's `index.db` began with; what has come since is in `migrations.ts`. */
export const firstSchema = `
CREATE TABLE account (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  created_at INTEGER NOT NULL,
  -- MODSEQ of the last change; the next change takes the next.
  modseq INTEGER NOT NULL,
  next_uid_validity INTEGER NOT NULL,
  next_content_id INTEGER NOT NULL,
  -- Of live messages; a copy counts like any other.
  used_bytes INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  quota_bytes INTEGER,
  -- After a restore: earlier changes than this MODSEQ may be missing.
  changes_known_since INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE mailboxes (
  id INTEGER PRIMARY KEY,
  parent_id INTEGER REFERENCES mailboxes (id),
  name TEXT NOT NULL,
  uid_validity INTEGER NOT NULL,
  uid_next INTEGER NOT NULL,
  -- Space-separated attributes.
  special_use TEXT NOT NULL,
  -- JSON array of names as first written.
  keywords TEXT NOT NULL,
  modseq INTEGER NOT NULL,
  create_seq INTEGER NOT NULL,
  expunged INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  unseen INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  size INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX mailboxes_live_name ON mailboxes (name) WHERE expunged = 0;
CREATE INDEX mailboxes_parent ON mailboxes (parent_id);

-- The greatest UIDVALIDITY that a mailbox of a name has had: a later one of that name must not have a lower.
CREATE TABLE mailbox_names (
  name TEXT PRIMARY KEY,
  uid_validity INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- One row for each stored file; copies of a message share it.
-- preview is NULL until somebody wants it: making one takes 0.1 to 0.5 ms, as much as all else at the intake.
CREATE TABLE contents (
  id INTEGER PRIMARY KEY,
  sha256 BLOB NOT NULL,
  file_size INTEGER NOT NULL,
  prefix BLOB NOT NULL,
  thread_id INTEGER NOT NULL,
  -- The message that this one answers, when it is known; else, with missing_link, parent_hash is what to wait for.
  parent_id INTEGER,
  parent_hash INTEGER,
  missing_link INTEGER NOT NULL,
  message_id_hash INTEGER,
  subject_hash INTEGER,
  envelope TEXT NOT NULL,
  body_structure TEXT NOT NULL,
  message_id TEXT,
  subject TEXT NOT NULL,
  base_subject TEXT NOT NULL,
  from_localpart TEXT,
  from_domain TEXT,
  -- NULL, here and below: not found out.
  from_org_domain TEXT,
  sent_at INTEGER,
  is_mailing_list INTEGER NOT NULL,
  is_automatic INTEGER NOT NULL,
  is_dsn INTEGER NOT NULL,
  -- Passed on by another server for the recipient; kept as refused: neither says anything about its sender.
  is_forward INTEGER NOT NULL DEFAULT 0,
  is_reject INTEGER NOT NULL DEFAULT 0,
  -- Where it was first stored, and where a refused one would have been.
  original_mailbox_id INTEGER NOT NULL,
  destined_mailbox_id INTEGER,
  preview TEXT,
  trained_as_junk INTEGER,
  remote_address TEXT,
  -- Networks that the address lies in, as addressRanges() writes them: /32, /26, /21 or /64, /48, /32.
  remote_range_narrow TEXT,
  remote_range_middle TEXT,
  remote_range_wide TEXT,
  hello_name TEXT,
  -- Both empty for the null sender.
  mail_from_localpart TEXT,
  mail_from_domain TEXT,
  rcpt_to TEXT,
  -- How the name or domain was shown to be the sender's.
  hello_validation INTEGER,
  mail_from_validation INTEGER,
  from_validation INTEGER,
  -- JSON array of domains whose signatures are valid.
  dkim_domains TEXT,
  tls_version TEXT,
  tls_cipher TEXT,
  require_tls INTEGER NOT NULL,
  structure TEXT NOT NULL
) STRICT;
CREATE INDEX contents_thread ON contents (thread_id);
CREATE INDEX contents_parent ON contents (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX contents_missing ON contents (parent_hash) WHERE missing_link = 1;

CREATE TABLE messages (
  mailbox_id INTEGER NOT NULL REFERENCES mailboxes (id),
  uid INTEGER NOT NULL,
  modseq INTEGER NOT NULL,
  create_seq INTEGER NOT NULL,
  expunged INTEGER NOT NULL,
  content_id INTEGER NOT NULL,
  thread_id INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  -- JSON array, or NULL for none.
  keywords TEXT,
  received_at INTEGER NOT NULL,
  saved_at INTEGER NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (mailbox_id, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_modseq ON messages (mailbox_id, modseq);
CREATE INDEX messages_live_content ON messages (content_id) WHERE expunged = 0;

-- Message-IDs of stored messages and those they refer to, by hash (53 bits).
CREATE TABLE message_ids (
  hash INTEGER PRIMARY KEY,
  thread_id INTEGER NOT NULL,
  -- The first message that has it; NULL while it is only referred to.
  content_id INTEGER
) STRICT;
-- Threads that turned out to be part of another.
CREATE TABLE thread_merges (
  id INTEGER PRIMARY KEY,
  into_id INTEGER NOT NULL
) STRICT;
CREATE INDEX thread_merges_into ON thread_merges (into_id);
-- Threads that the user has muted or collapsed; others have no row.
CREATE TABLE thread_settings (
  thread_id INTEGER PRIMARY KEY,
  muted INTEGER NOT NULL,
  collapsed INTEGER NOT NULL
) STRICT;
-- The thread that used a base subject last.
CREATE TABLE subject_threads (
  hash INTEGER PRIMARY KEY,
  thread_id INTEGER NOT NULL,
  used_at INTEGER NOT NULL
) STRICT;

-- Contents without live message: their files are to be removed.
CREATE TABLE erase (
  content_id INTEGER PRIMARY KEY,
  modseq INTEGER NOT NULL
) STRICT;
CREATE INDEX erase_modseq ON erase (modseq);
-- Content ids given to a process that has not given back the rest: files without rows may be left in here by a crash.
CREATE TABLE content_blocks (
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL
) STRICT;

CREATE TABLE annotations (
  -- 0: of the account.
  mailbox_id INTEGER NOT NULL,
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  modseq INTEGER NOT NULL,
  PRIMARY KEY (mailbox_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  argon2id TEXT NOT NULL,
  scram_sha1 TEXT NOT NULL,
  scram_sha256 TEXT NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE login_sessions (
  token_hash BLOB PRIMARY KEY,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  csrf_token_hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Whom the user has written to, in lower case.
CREATE TABLE recipients (
  domain TEXT NOT NULL,
  localpart TEXT NOT NULL,
  -- NULL: not found out.
  org_domain TEXT,
  -- Messages; the last one is known, so that it is not counted twice.
  sent INTEGER NOT NULL,
  first_sent_at INTEGER NOT NULL,
  last_sent_at INTEGER NOT NULL,
  last_message_id TEXT NOT NULL,
  PRIMARY KEY (domain, localpart)
) STRICT, WITHOUT ROWID;

-- Rules that the user was offered and did not want.
CREATE TABLE declined_rules (
  mailbox_id INTEGER NOT NULL REFERENCES mailboxes (id),
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  declined_at INTEGER NOT NULL,
  PRIMARY KEY (mailbox_id, kind, value)
) STRICT, WITHOUT ROWID;
`;
