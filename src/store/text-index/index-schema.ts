/**
 * To be raised whenever `searchedTexts` finds other texts in a message, `unicodeCasemap` another form of one, `previewText` another preview,
 * `findThreadFacts` other facts, or `shortenHeader` leaves out other fields.
 */
export const indexFormat = 3;

export const indexSchema = `
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), created_at INTEGER NOT NULL, changes_known_since INTEGER NOT NULL,
  -- Characters may have other forms in a later one.
  unicode TEXT NOT NULL) STRICT;
CREATE TABLE progress (mailbox_id INTEGER PRIMARY KEY, uid INTEGER NOT NULL) STRICT;
-- partial: some of its text is not in the index.
CREATE TABLE contents (id INTEGER PRIMARY KEY, partial INTEGER NOT NULL) STRICT;
CREATE INDEX contents_partial ON contents (id) WHERE partial = 1;
-- Rows: 2 * content for its headers, and the next for its bodies.
CREATE VIRTUAL TABLE trigrams USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1');
CREATE VIRTUAL TABLE words USING fts5(subject, sender, recipients, body, content='', contentless_delete=1,
  tokenize='porter unicode61 remove_diacritics 2');
-- text: a character for each byte. whole: no field is left out. sum: see index-sum.ts.
CREATE TABLE headers (id INTEGER PRIMARY KEY, sum INTEGER NOT NULL, whole INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE previews (id INTEGER PRIMARY KEY, sum INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
-- text: see indexed-thread.ts.
CREATE TABLE threads (id INTEGER PRIMARY KEY, sum INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
PRAGMA user_version = ${indexFormat};
`;
