import { randomBytes } from 'node:crypto';
import type { Migration, Transactor } from '../database/engine.ts';

/** Schema and writes of an account's `junkfilter.db`. Words are kept by their hashes only: see word-hash.ts. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
CREATE TABLE filter (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  salt BLOB NOT NULL,
  -- Of what words are made: words of another version are not those that are counted.
  words_version INTEGER NOT NULL,
  -- Changes of the account up to this MODSEQ were looked at.
  learned_modseq INTEGER NOT NULL,
  ham INTEGER NOT NULL,
  junk INTEGER NOT NULL,
  -- The file of words seen once that belongs to this database: 0 for none.
  bloom_number INTEGER NOT NULL,
  -- Files up to this number have words of an earlier time, which are forgotten.
  bloom_forgotten INTEGER NOT NULL
) STRICT;
-- Words seen in two messages at least.
CREATE TABLE words (hash INTEGER PRIMARY KEY, ham INTEGER NOT NULL, junk INTEGER NOT NULL) STRICT;
-- Words seen in one message, until they are put into the file.
CREATE TABLE once (hash INTEGER PRIMARY KEY, is_junk INTEGER NOT NULL) STRICT;
-- Messages that were learned, so that each is learned once and can be unlearned.
CREATE TABLE learned (content_id INTEGER PRIMARY KEY, is_junk INTEGER NOT NULL) STRICT;
`,
  },
  {
    version: 2,
    sql: `
-- Learned messages by where they came from: hashes of authors, domains, networks.
CREATE TABLE origins (hash INTEGER PRIMARY KEY, ham INTEGER NOT NULL, junk INTEGER NOT NULL) STRICT;
-- JSON array of the origins for which a message counts.
ALTER TABLE learned ADD COLUMN origins TEXT NOT NULL DEFAULT '[]';
`,
  },
];

type Filter = Transactor<unknown>;

export interface FilterRow {
  readonly salt: Uint8Array;
  readonly words_version: number;
  readonly learned_modseq: number;
  readonly ham: number;
  readonly junk: number;
  readonly bloom_number: number;
  readonly bloom_forgotten: number;
}

/** What the file of words seen once says of a word: bits. */
export const onceInHam = 1;
export const onceInJunk = 2;

/** A message whose words are to count for another kind than they do, or for none. */
export interface Lesson {
  readonly contentId: number;
  /** Null: it is forgotten. */
  readonly isJunk: boolean | null;
  /** Hashes, each once. */
  readonly words: Float64Array;
  /** For each word, {@link onceInHam} and {@link onceInJunk}. */
  readonly once: Uint8Array;
  /** Hashes of where it came from, each once. */
  readonly origins: Float64Array;
}

export const operations = {
  /** Makes the one row of a new database; a database of another version of words starts anew. */
  async initialise(filter: Filter, args: { wordsVersion: number; fileNumber: number }): Promise<void> {
    const row = await filter.first<FilterRow>('SELECT words_version FROM filter');
    if (row?.words_version !== args.wordsVersion) await forgetAll(filter, args);
  },

  /**
   * Forgets everything that was learned: it is learned anew from the messages.
   * @param args.fileNumber of the file of words seen once that is there, 0 for none: it may be needed for a backup, and stays
   */
  async startAnew(filter: Filter, args: { wordsVersion: number; fileNumber: number }): Promise<void> {
    await forgetAll(filter, args);
  },

  /**
   * Learns, relearns and unlearns messages. One that counts as it should already is passed over, so that the same lessons may be given
   * again after a crash.
   */
  async learn(filter: Filter, args: { lessons: readonly Lesson[] }): Promise<void> {
    for (const lesson of args.lessons) {
      const before = await filter.first<{ is_junk: number; origins: string }>(
        'SELECT is_junk, origins FROM learned WHERE content_id = ?',
        [lesson.contentId],
      );
      const wasJunk = before === undefined ? null : before.is_junk === 1;
      if (wasJunk === lesson.isJunk) continue;
      if (wasJunk !== null) {
        await unlearn(filter, lesson, wasJunk);
        await uncountOrigins(filter, before!.origins, wasJunk);
      }
      if (lesson.isJunk === null) {
        await filter.run('DELETE FROM learned WHERE content_id = ?', [lesson.contentId]);
      } else {
        await count(filter, lesson, lesson.isJunk);
        const origins = JSON.stringify([...lesson.origins]);
        await countOrigins(filter, origins, lesson.isJunk);
        await filter.run('INSERT OR REPLACE INTO learned (content_id, is_junk, origins) VALUES (?, ?, ?)', [
          lesson.contentId,
          lesson.isJunk ? 1 : 0,
          origins,
        ]);
      }
    }
  },

  /** All changes of the account up to a MODSEQ have been learned from. */
  async learnedUpTo(filter: Filter, args: { modseq: number }): Promise<void> {
    await filter.run('UPDATE filter SET learned_modseq = max(learned_modseq, ?)', [args.modseq]);
  },

  /** The words seen once are in a file now. */
  async putIntoFile(filter: Filter, args: { number: number }): Promise<void> {
    await filter.run('DELETE FROM once');
    await filter.run('UPDATE filter SET bloom_number = ?', [args.number]);
  },
};

async function forgetAll(filter: Filter, args: { wordsVersion: number; fileNumber: number }): Promise<void> {
  const before = await filter.first<Pick<FilterRow, 'bloom_number'>>('SELECT bloom_number FROM filter');
  const forgotten = Math.max(before?.bloom_number ?? 0, args.fileNumber);
  for (const table of ['words', 'once', 'learned', 'origins', 'filter']) await filter.run(`DELETE FROM ${table}`);
  await filter.run(
    `INSERT INTO filter (id, salt, words_version, learned_modseq, ham, junk, bloom_number, bloom_forgotten)
     VALUES (1, ?, ?, 0, 0, 0, ?, ?)`,
    [randomBytes(8), args.wordsVersion, forgotten, forgotten],
  );
}

async function count(filter: Filter, { words, once }: Lesson, isJunk: boolean): Promise<void> {
  const column = isJunk ? 'junk' : 'ham';
  const hashes = JSON.stringify([...words]);
  const known = await countedWords(filter, hashes);
  const seenOnce = new Map(
    (
      await filter.all<{ hash: number; is_junk: number }>(
        'SELECT hash, is_junk FROM once WHERE hash IN (SELECT value FROM json_each(?))',
        [hashes],
      )
    ).map(({ hash, is_junk: junk }) => [hash, junk === 1]),
  );
  const more: [number][] = [];
  const first: [number, number][] = [];
  const second: [number, number, number][] = [];
  const moved: [number][] = [];
  for (const [at, hash] of words.entries()) {
    if (known.has(hash)) {
      more.push([hash]);
      continue;
    }
    const inTable = seenOnce.get(hash);
    const inFile = once[at]!;
    if (inTable === undefined && inFile === 0) {
      first.push([hash, isJunk ? 1 : 0]);
      continue;
    }
    const ham = (inTable === false || (inFile & onceInHam) !== 0 ? 1 : 0) + (isJunk ? 0 : 1);
    const junk = (inTable === true || (inFile & onceInJunk) !== 0 ? 1 : 0) + (isJunk ? 1 : 0);
    second.push([hash, ham, junk]);
    if (inTable !== undefined) moved.push([hash]);
  }
  await filter.runEach(`UPDATE words SET ${column} = ${column} + 1 WHERE hash = ?`, more);
  await filter.runEach('INSERT INTO once (hash, is_junk) VALUES (?, ?)', first);
  await filter.runEach('DELETE FROM once WHERE hash = ?', moved);
  await filter.runEach('INSERT INTO words (hash, ham, junk) VALUES (?, ?, ?)', second);
  await filter.run(`UPDATE filter SET ${column} = ${column} + 1`);
}

/** The reverse of `count`, but for words in the file: what is in there stays, and the few messages that are unlearned don't matter. */
async function unlearn(filter: Filter, { words }: Lesson, wasJunk: boolean): Promise<void> {
  const column = wasJunk ? 'junk' : 'ham';
  const hashes = JSON.stringify([...words]);
  await filter.run(
    `UPDATE words SET ${column} = ${column} - 1 WHERE ${column} > 0 AND hash IN (SELECT value FROM json_each(?))`,
    [hashes],
  );
  await filter.run('DELETE FROM once WHERE is_junk = ? AND hash IN (SELECT value FROM json_each(?))', [
    wasJunk ? 1 : 0,
    hashes,
  ]);
  await filter.run(`UPDATE filter SET ${column} = max(0, ${column} - 1)`);
}

/** @param origins JSON array of hashes */
async function countOrigins(filter: Filter, origins: string, isJunk: boolean): Promise<void> {
  const [ham, junk] = isJunk ? [0, 1] : [1, 0];
  await filter.run(
    `INSERT INTO origins (hash, ham, junk) SELECT value, ?, ? FROM json_each(?) WHERE true
     ON CONFLICT (hash) DO UPDATE SET ham = ham + excluded.ham, junk = junk + excluded.junk`,
    [ham, junk, origins],
  );
}

async function uncountOrigins(filter: Filter, origins: string, wasJunk: boolean): Promise<void> {
  const column = wasJunk ? 'junk' : 'ham';
  await filter.run(
    `UPDATE origins SET ${column} = max(0, ${column} - 1) WHERE hash IN (SELECT value FROM json_each(?))`,
    [origins],
  );
  await filter.run('DELETE FROM origins WHERE ham = 0 AND junk = 0 AND hash IN (SELECT value FROM json_each(?))', [
    origins,
  ]);
}

async function countedWords(filter: Filter, hashes: string): Promise<Set<number>> {
  const rows = await filter.all<{ hash: number }>(
    'SELECT hash FROM words WHERE hash IN (SELECT value FROM json_each(?))',
    [hashes],
  );
  return new Set(rows.map(({ hash }) => hash));
}
