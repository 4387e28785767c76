import { join } from 'node:path';
import SqliteDatabase, { type Database, type Statement } from 'better-sqlite3';
import { limits } from '../../runtime/limits.ts';
import type { IndexedAccount } from './index-protocol.ts';
import { indexFormat } from './index-schema.ts';
import { sumOf, sumOfHeader } from './index-sum.ts';
import type { IndexedHeader } from './indexed-header.ts';
import { decodeThread, type IndexedThread } from './indexed-thread.ts';

const cacheKibibytes = 256;
/** Ids that name at least one in so many of a range are read as the range. */
const maxSparseness = 2;

/** The index holds something else than what was put in. */
export class WrongIndexError extends Error {
  override readonly message: string = 'it was changed on the disk';
}

type HeaderRow = { id: number; sum: number; whole: number; text: string };
type TextRow = { id: number; sum: number; text: string };

/**
 * Reads what an index has of headers, previews and threads, on the thread that asks: the thread of the index may be busy for a second. Each read is
 * of one instant. When the index is made anew this one still has the old file, which tells the same of the same contents.
 */
export class IndexReader implements Disposable {
  readonly #database: Database;
  readonly #headers: Readonly<Record<'range' | 'list', Statement>>;
  readonly #previews: Readonly<Record<'range' | 'list', Statement>>;
  readonly #threads: Readonly<Record<'range' | 'list', Statement>>;

  /** @param directory of the account. @throws WrongIndexError when it is the index of another account */
  constructor(directory: string, account: IndexedAccount) {
    this.#database = new SqliteDatabase(join(directory, 'search.db'), {
      readonly: true,
      fileMustExist: true,
      timeout: 0,
    });
    try {
      this.#database.pragma(`cache_size = -${cacheKibibytes}`);
      this.#database.pragma('trusted_schema = OFF');
      if (this.#database.pragma('user_version', { simple: true }) !== indexFormat) throw new WrongIndexError();
      const meta = this.#database
        .prepare('SELECT created_at AS createdAt, changes_known_since AS since FROM meta')
        .get() as { createdAt: number; since: number } | undefined;
      if (meta?.createdAt !== account.createdAt || meta.since !== account.changesKnownSince) {
        throw new WrongIndexError();
      }
      this.#headers = this.#prepare('SELECT id, sum, whole, text FROM headers');
      this.#previews = this.#prepare('SELECT id, sum, text FROM previews');
      this.#threads = this.#prepare('SELECT id, sum, text FROM threads');
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** @param contentIds at most some hundred. @returns by id those that are there. @throws WrongIndexError and SQLite's errors */
  headers(contentIds: readonly number[]): ReadonlyMap<number, IndexedHeader> {
    const found = new Map<number, IndexedHeader>();
    for (const { id, sum, whole, text } of read<HeaderRow>(this.#headers, contentIds)) {
      const header = { text, whole: whole === 1 };
      if (sumOfHeader(header, id) !== sum) throw new WrongIndexError();
      found.set(id, header);
    }
    return found;
  }

  /** The same. */
  previews(contentIds: readonly number[]): ReadonlyMap<number, string> {
    return this.#texts(this.#previews, contentIds, (text) => text);
  }

  threads(contentIds: readonly number[]): ReadonlyMap<number, IndexedThread> {
    return this.#texts(this.#threads, contentIds, decodeThread);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #texts<Value>(
    from: Readonly<Record<'range' | 'list', Statement>>,
    contentIds: readonly number[],
    decode: (text: string) => Value,
  ): ReadonlyMap<number, Value> {
    const found = new Map<number, Value>();
    for (const { id, sum, text } of read<TextRow>(from, contentIds)) {
      if (sumOf(text, id) !== sum) throw new WrongIndexError();
      found.set(id, decode(text));
    }
    return found;
  }

  #prepare(select: string): Record<'range' | 'list', Statement> {
    return {
      range: this.#database.prepare(`${select} WHERE id BETWEEN ? AND ?`),
      list: this.#database.prepare(`${select} WHERE id IN (SELECT value FROM json_each(?))`),
    };
  }
}

function read<Row>(from: Readonly<Record<'range' | 'list', Statement>>, contentIds: readonly number[]): Row[] {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const id of contentIds) {
    if (id < low) low = id;
    if (id > high) high = id;
  }
  // Most messages lie in the order in which they came.
  if (high - low < contentIds.length * maxSparseness) return from.range.all(low, high) as Row[];
  return from.list.all(JSON.stringify(contentIds)) as Row[];
}

/** The readers of all accounts' indexes, `limits.textIndexesOpen` of them at most. */
export class IndexReaders implements Disposable {
  /** By directory, the longest unused first. */
  readonly #open = new Map<string, IndexReader>();

  /** @throws WrongIndexError and SQLite's errors */
  get(directory: string, account: IndexedAccount): IndexReader {
    const reader = this.#open.get(directory) ?? new IndexReader(directory, account);
    this.#open.delete(directory);
    this.#open.set(directory, reader);
    if (this.#open.size > limits.textIndexesOpen) this.close(this.#open.keys().next().value!);
    return reader;
  }

  close(directory: string): void {
    const reader = this.#open.get(directory);
    this.#open.delete(directory);
    reader?.[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const directory of [...this.#open.keys()]) this.close(directory);
  }
}
