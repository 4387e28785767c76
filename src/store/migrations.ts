import type { Migration } from '../database/engine.ts';
import { firstSchema } from './first-schema.ts';

/** Schema of an account's `index.db`. `open-accounts.ts` says what the tables are for; times are milliseconds since 1970. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: firstSchema,
  },
  {
    version: 2,
    sql: `
-- Deliveries that may be repeated after a crash; the oldest are forgotten.
CREATE TABLE deliveries (
  number INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE
) STRICT;
`,
  },
  {
    version: 3,
    sql: `
-- Messages by their author, where that was shown to be who it says.
CREATE INDEX IF NOT EXISTS contents_author ON contents (from_domain, from_localpart COLLATE NOCASE) WHERE from_validation > 0;
`,
  },
  {
    version: 4,
    sql: `
-- Reputation is counted by the junk filter, as users sort their mail: no delivery pays for it.
DROP INDEX IF EXISTS contents_author;
-- Is it there already, when it is sent again; has it arrived after all?
CREATE INDEX contents_rejects ON contents (message_id_hash, sha256) WHERE is_reject = 1;
`,
  },
  {
    version: 5,
    sql: `
-- Annotations taken away, for the sessions that are to be told; of each mailbox the latest.
CREATE TABLE annotation_removals (
  mailbox_id INTEGER NOT NULL,
  key TEXT NOT NULL,
  modseq INTEGER NOT NULL,
  PRIMARY KEY (mailbox_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX annotation_removals_modseq ON annotation_removals (modseq);
CREATE INDEX annotations_modseq ON annotations (modseq);
-- Secrets that URLs of a mailbox are authorised with.
CREATE TABLE url_keys (
  mailbox_id INTEGER PRIMARY KEY,
  key BLOB NOT NULL
) STRICT;
`,
  },
  {
    version: 6,
    sql: `
-- Passwords for single programs: random, so that one round of a fast hash is enough. All passwords of an account, that in "credentials"
-- included, have the same SCRAM salts and iterations.
CREATE TABLE app_passwords (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  -- What it is good for, separated by spaces: "imap", "smtp".
  scopes TEXT NOT NULL,
  hash BLOB NOT NULL,
  scram_sha1 TEXT NOT NULL,
  scram_sha256 TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT;
`,
  },
  {
    version: 7,
    sql: `
-- What the owner lets others do with a mailbox.
CREATE TABLE acl (
  mailbox_id INTEGER NOT NULL REFERENCES mailboxes (id),
  -- Name of an account, or "anyone"; after a "-", whom something is taken away from.
  identifier TEXT NOT NULL,
  -- When that account was made: a later one of its name has nothing by this. 0 for "anyone".
  account_created_at INTEGER NOT NULL,
  rights TEXT NOT NULL,
  PRIMARY KEY (mailbox_id, identifier)
) STRICT, WITHOUT ROWID;
-- Messages that were moved here from a mailbox of another account, and may still be there. JSON arrays, in the same order.
CREATE TABLE arrived_moves (
  id BLOB PRIMARY KEY,
  account TEXT NOT NULL,
  from_mailbox_id INTEGER NOT NULL,
  from_uids TEXT NOT NULL,
  mailbox_id INTEGER NOT NULL,
  uids TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- The other side: which of its messages a move has taken from here, as a JSON array.
CREATE TABLE departed_moves (
  id BLOB PRIMARY KEY,
  uids TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`,
  },
  {
    version: 8,
    sql: `
-- The thread that clients were told, where the message is in another since: see object-ids.ts.
ALTER TABLE contents ADD COLUMN given_thread_id INTEGER;
CREATE INDEX contents_given_thread ON contents (given_thread_id) WHERE given_thread_id IS NOT NULL;
`,
  },
  {
    version: 9,
    sql: `
-- Mailboxes of other servers that mail was imported from. A source is a login at a server.
CREATE TABLE import_mailboxes (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  name TEXT NOT NULL,
  uid_validity INTEGER NOT NULL,
  -- All messages with UIDs below it are dealt with.
  complete_below INTEGER NOT NULL,
  -- HIGHESTMODSEQ up to which changes of flags are here; decimal, as it may have 63 bits. Empty: not known.
  modseq TEXT NOT NULL,
  -- The mailbox here was made, subscribed to and given its use; from then on that is for the user.
  is_prepared INTEGER NOT NULL,
  UNIQUE (source, name)
) STRICT;

-- Messages that came from there, with where they were put, and the flags that they had there when last seen.
CREATE TABLE imported_messages (
  import_mailbox_id INTEGER NOT NULL REFERENCES import_mailboxes (id),
  uid INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  mailbox_id INTEGER NOT NULL,
  message_uid INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  keywords TEXT,
  PRIMARY KEY (import_mailbox_id, uid)
) STRICT, WITHOUT ROWID;

-- Messages from mailboxes that have another UIDVALIDITY since: known by their bytes, until they are found under their new UID.
CREATE TABLE import_unmatched (
  id INTEGER PRIMARY KEY,
  import_mailbox_id INTEGER NOT NULL REFERENCES import_mailboxes (id),
  sha256 BLOB NOT NULL,
  mailbox_id INTEGER NOT NULL,
  message_uid INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  keywords TEXT
) STRICT;
CREATE INDEX import_unmatched_sha256 ON import_unmatched (import_mailbox_id, sha256);
`,
  },
  {
    version: 10,
    sql: `
-- The first UID that no session of IMAP4rev1 was told of: messages from there on are \\Recent.
ALTER TABLE mailboxes ADD COLUMN recent_uid INTEGER NOT NULL DEFAULT 1;
UPDATE mailboxes SET recent_uid = uid_next;
`,
  },
];
