import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, DatabaseEngine, Reader } from '../database/engine.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import { junkDatabase } from './junk-database.ts';
import { OnceFile, OnceFileError } from './once-file.ts';
import { type FilterRow, onceInHam, onceInJunk, type operations } from './operations.ts';
import { originHash } from './origin-hash.ts';
import { junkProbability, type WordCounts } from './score.ts';
import { type WordSalt, wordHash } from './word-hash.ts';

/** What words are made of a message, and what else is learned of it: another number makes all filters start anew. */
const wordsVersion = 2;

/** A message to be learned from: as junk, as not junk, or, with null, no more. */
export interface MessageLesson {
  readonly contentId: number;
  readonly isJunk: boolean | null;
  readonly words: ReadonlySet<string>;
  /** Names of where it came from, for `originCounts`. */
  readonly origins?: readonly string[];
}

/** A search by key for each of a few. */
export const originCountsSql = 'SELECT hash, ham, junk FROM origins WHERE hash IN (SELECT value FROM json_each(?))';

export interface JunkScore {
  /** 0 to 1; 0.5 when nothing is known. */
  readonly probability: number;
  /** Messages that were learned, of each kind. */
  readonly learned: WordCounts;
  /** Words of the message that were seen before. */
  readonly knownWords: number;
}

type FilterDatabase = Database<unknown, typeof operations>;

interface OpenFilter {
  readonly opening: Promise<FilterDatabase>;
  users: number;
  /** Whether nobody finds it any more: it is closed when the last user has done. */
  isLeft?: boolean;
}

/** The junk filters of all accounts: each has its own, in the account's directory, and is made when it first learns. */
export class JunkFilters implements AsyncDisposable {
  readonly #engine: DatabaseEngine;
  readonly #dataDirectory: string;
  readonly #log: Log;
  /** By account, those used last at the end. */
  readonly #databases = new Map<string, OpenFilter>();
  readonly #onceFiles = new Map<string, OnceFile>();
  /** One change of a filter at a time. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: { engine: DatabaseEngine; dataDirectory: string; log: Log }) {
    this.#engine = options.engine;
    this.#dataDirectory = options.dataDirectory;
    this.#log = options.log;
  }

  /** How probable it is that an account takes a message for junk. */
  async score(account: string, words: ReadonlySet<string>): Promise<JunkScore> {
    return await this.#use(account, async (database) => {
      const filter = await filterRow(database);
      const once = await this.#onceFile(account, filter);
      const hashes = hashesOf(words, saltOf(filter.salt));
      const counts = await database.read((reader) => countsOf(reader, hashes, once));
      return {
        probability: junkProbability(counts, filter),
        learned: { ham: filter.ham, junk: filter.junk },
        knownWords: counts.length,
      };
    });
  }

  /**
   * MODSEQ of the account up to which its changes were learned from, and messages that count; undefined for a filter that has never
   * learned: it has no files.
   */
  async state(account: string): Promise<{ learnedModseq: number; learned: WordCounts } | undefined> {
    if (!existsSync(this.#path(account, 'db'))) return undefined;
    const { learned_modseq: learnedModseq, ham, junk } = await this.#use(account, filterRow);
    return { learnedModseq, learned: { ham, junk } };
  }

  /** @returns how those of the messages count that were learned */
  async learnedAs(account: string, contentIds: readonly number[]): Promise<Map<number, boolean>> {
    if (!existsSync(this.#path(account, 'db'))) return new Map();
    const rows = await this.#use(
      account,
      async (database) =>
        await database.read((reader) =>
          reader.all<{ content_id: number; is_junk: number }>(
            'SELECT content_id, is_junk FROM learned WHERE content_id IN (SELECT value FROM json_each(?))',
            [JSON.stringify(contentIds)],
          ),
        ),
    );
    return new Map(rows.map(({ content_id: id, is_junk: isJunk }) => [id, isJunk === 1]));
  }

  /** @returns for those of the origins that messages were learned from: how many of each kind */
  async originCounts(account: string, origins: readonly string[]): Promise<Map<string, WordCounts>> {
    if (origins.length === 0 || !existsSync(this.#path(account, 'db'))) return new Map();
    return await this.#use(account, async (database) => {
      const { salt } = await filterRow(database);
      const byHash = new Map(origins.map((origin) => [originHash(origin, salt), origin]));
      const rows = await database.read((reader) =>
        reader.all<WordCounts & { hash: number }>(originCountsSql, [JSON.stringify([...byHash.keys()])]),
      );
      return new Map(rows.map(({ hash, ham, junk }) => [byHash.get(hash)!, { ham, junk }]));
    });
  }

  /** Learns from messages; the same lessons again change nothing. Durable when the promise resolves. */
  async learn(account: string, lessons: readonly MessageLesson[]): Promise<void> {
    if (lessons.length === 0) return;
    await this.#inTurn(account, async (database) => {
      const filter = await filterRow(database);
      const salt = saltOf(filter.salt);
      const once = await this.#onceFile(account, filter);
      await database.write('learn', {
        lessons: lessons.map(({ contentId, isJunk, words, origins = [] }) => {
          const hashes = hashesOf(words, salt);
          return {
            contentId,
            isJunk,
            words: hashes,
            once: Uint8Array.from(hashes, (word) => once?.has(word) ?? 0),
            origins: Float64Array.from(new Set(origins.map((origin) => originHash(origin, filter.salt)))),
          };
        }),
      });
      await this.#fillOnceFile(account, database, once);
    });
  }

  /** All changes of the account up to this MODSEQ have been learned from. */
  async learnedUpTo(account: string, modseq: number): Promise<void> {
    if (!existsSync(this.#path(account, 'db'))) return;
    await this.#inTurn(account, async (database) => await database.write('learnedUpTo', { modseq }));
  }

  /** Forgets all, to learn it anew. */
  async startAnew(account: string): Promise<void> {
    if (!existsSync(this.#path(account, 'db'))) return;
    await this.#inTurn(account, async (database) => {
      await database.write('startAnew', { wordsVersion, fileNumber: await this.#fileNumber(account) });
      this.#onceFiles.delete(account);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#turns.values());
    const databases = [...this.#databases.values()];
    this.#databases.clear();
    for (const open of databases) await this.#close(open);
  }

  async #use<Result>(account: string, work: (database: FilterDatabase) => Promise<Result>): Promise<Result> {
    const open = this.#databases.get(account) ?? { opening: this.#open(account), users: 0 };
    this.#databases.delete(account);
    this.#databases.set(account, open);
    open.users++;
    try {
      return await work(await open.opening);
    } catch (error) {
      // Opened anew the next time: the file may be another by then.
      if (this.#databases.get(account) === open) this.#databases.delete(account);
      open.isLeft = true;
      throw error;
    } finally {
      open.users--;
      await this.#closeUnused(open);
    }
  }

  async #closeUnused(used: OpenFilter): Promise<void> {
    if (used.isLeft === true && used.users === 0) await this.#close(used);
    for (const [account, open] of this.#databases) {
      if (this.#databases.size <= limits.junkFiltersOpen) return;
      if (open.users > 0) continue;
      this.#databases.delete(account);
      await this.#close(open);
    }
  }

  async #close({ opening }: OpenFilter): Promise<void> {
    await (await opening.catch(() => undefined))?.[Symbol.asyncDispose]();
  }

  async #open(account: string): Promise<FilterDatabase> {
    const database = await this.#engine.open(junkDatabase, this.#path(account, 'db'));
    try {
      const known = await database.read((reader) =>
        reader.first<Pick<FilterRow, 'words_version'>>('SELECT words_version FROM filter'),
      );
      if (known?.words_version !== wordsVersion) {
        await database.write('initialise', { wordsVersion, fileNumber: await this.#fileNumber(account) });
      }
      return database;
    } catch (error) {
      await database[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #inTurn<Result>(account: string, work: (database: FilterDatabase) => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(account);
    const turn = (async () => {
      await before?.catch(() => {});
      return await this.#use(account, work);
    })();
    this.#turns.set(account, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(account) === turn) this.#turns.delete(account);
    }
  }

  /** Words seen once go into the file when they are many, and never while a backup is taken: it takes the file as it lies there. */
  async #fillOnceFile(account: string, database: FilterDatabase, once: OnceFile | undefined): Promise<void> {
    const many = await database.read((reader) =>
      reader.first('SELECT 1 FROM once LIMIT 1 OFFSET ?', [limits.junkOnceRows]),
    );
    if (many === undefined) return;
    await this.#engine.changeFiles(async () => {
      if (!this.#engine.filesMayBeErased) return;
      const rows = await database.read((reader) =>
        reader.all<{ hash: number; is_junk: number }>('SELECT hash, is_junk FROM once'),
      );
      const next = (once ?? OnceFile.empty(0)).with(rows);
      await next.write(this.#path(account, 'bloom'));
      this.#remember(account, next);
      await database.write('putIntoFile', { number: next.number });
    });
  }

  /** The one that belongs to the database; after a crash there may be the next, with words that the database still has too. */
  async #onceFile(account: string, filter: FilterRow): Promise<OnceFile | undefined> {
    const { bloom_number: number, bloom_forgotten: forgotten } = filter;
    const isOf = (file: OnceFile): boolean => file.number === number || file.number === number + 1;
    const known = this.#onceFiles.get(account);
    if (known !== undefined && isOf(known)) {
      this.#remember(account, known);
      return known;
    }
    // Numbers only go up, so that the next file belongs to the database again.
    let used = OnceFile.empty(number);
    try {
      const file = await OnceFile.read(this.#path(account, 'bloom'));
      if (file === undefined && number === 0) return undefined;
      if (file === undefined || !isOf(file)) {
        this.#log.warn({ account, number, found: file?.number }, 'words seen once are of another time: not used');
      } else if (file.number > forgotten) used = file;
    } catch (error) {
      if (!(error instanceof OnceFileError)) throw error;
      this.#log.warn({ account, err: error }, 'words seen once cannot be read: not used');
    }
    this.#remember(account, used);
    return used;
  }

  /** Of the file that is there, whatever it belongs to; 0 for none. */
  async #fileNumber(account: string): Promise<number> {
    try {
      return (await OnceFile.read(this.#path(account, 'bloom')))?.number ?? 0;
    } catch (error) {
      if (!(error instanceof OnceFileError)) throw error;
      return 0;
    }
  }

  #remember(account: string, file: OnceFile): void {
    this.#onceFiles.delete(account);
    this.#onceFiles.set(account, file);
    const [oldest] = this.#onceFiles.keys();
    if (this.#onceFiles.size > limits.junkFiltersOpen) this.#onceFiles.delete(oldest!);
  }

  #path(account: string, kind: 'db' | 'bloom'): string {
    return join(this.#dataDirectory, 'accounts', account, `junkfilter.${kind}`);
  }
}

async function filterRow(database: FilterDatabase): Promise<FilterRow> {
  return (await database.read((reader) => reader.first<FilterRow>('SELECT * FROM filter')))!;
}

async function countsOf(
  reader: Reader<unknown>,
  hashes: Float64Array,
  once: OnceFile | undefined,
): Promise<WordCounts[]> {
  const list = JSON.stringify([...hashes]);
  const rows = await reader.all<WordCounts & { hash: number }>(
    `SELECT hash, ham, junk FROM words WHERE hash IN (SELECT value FROM json_each(?))
     UNION ALL SELECT hash, 1 - is_junk, is_junk FROM once WHERE hash IN (SELECT value FROM json_each(?))`,
    [list, list],
  );
  if (once === undefined) return rows;
  const known = new Set(rows.map(({ hash }) => hash));
  const counts: WordCounts[] = rows;
  for (const hash of hashes) {
    const bits = known.has(hash) ? 0 : once.has(hash);
    if (bits !== 0) counts.push({ ham: (bits & onceInHam) === 0 ? 0 : 1, junk: (bits & onceInJunk) === 0 ? 0 : 1 });
  }
  return counts;
}

function hashesOf(words: ReadonlySet<string>, salt: WordSalt): Float64Array {
  return Float64Array.from(new Set([...words].map((word) => wordHash(word, salt))));
}

function saltOf(bytes: Uint8Array): WordSalt {
  const salt = Buffer.from(bytes);
  return { low: salt.readInt32LE(0), high: salt.readInt32LE(4) };
}
