import { limits } from '../../runtime/limits.ts';
import type { Log } from '../../runtime/log.ts';
import type { AccountDatabase } from '../account-database.ts';
import { isBroken } from './index-database.ts';
import type { IndexedAccount, MessageToIndex, WordColumn } from './index-protocol.ts';
import { type IndexReader, type IndexReaders, WrongIndexError } from './index-reader.ts';
import { TextIndexError, type TextIndexThread } from './index-thread.ts';
import type { IndexedHeader } from './indexed-header.ts';
import type { IndexedThread } from './indexed-thread.ts';
import { trigramsOf, wordsOf } from './trigrams.ts';

/** After a failure: a disk that is full stays so for a while. */
const retryMs = 5 * 60_000;
/** UIDs looked at in one read. */
const uidsAtOnce = 500;
const contentsAtOnce = 5000;

/** What is found by words, and how well; the best has 1. */
export type WordHits = ReadonlyMap<number, number>;

/**
 * The index of one account's texts, in a thread of its own. It follows what comes into the mailboxes, in steps of some messages, and is
 * behind for a moment, or, when it is made, for a while: messages that it does not know yet are candidates of every search.
 */
export class AccountTextIndex {
  readonly #thread: TextIndexThread;
  readonly #readers: IndexReaders;
  readonly #directory: string;
  readonly #database: AccountDatabase;
  readonly #log: Log;
  readonly #afterMs: number;
  /** UIDs of mailboxes up to which all is in the index; undefined while that isn't known. */
  #progress: Map<number, number> | undefined;
  /** Of which account the index is; known when the progress is. */
  #account: IndexedAccount | undefined;
  /** It was found to be wrong: it is to be made again. */
  #wrong = false;
  #swept = false;
  #opened = false;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer was set, by `performance.now()`. */
  #scheduledAt = 0;
  #running: Promise<void> | undefined;
  #closed = false;
  /** Changes under way that it can't follow. */
  #suspensions = 0;
  /** Contents about to go into the index. */
  #adding = new Set<number>();

  /** @param options.afterMs how long nothing may have changed: after a change others come soon */
  constructor(options: {
    thread: TextIndexThread;
    readers: IndexReaders;
    directory: string;
    database: AccountDatabase;
    log: Log;
    afterMs: number;
  }) {
    this.#afterMs = options.afterMs;
    this.#thread = options.thread;
    this.#readers = options.readers;
    this.#directory = options.directory;
    this.#database = options.database;
    this.#log = options.log;
  }

  /** Something may be new. */
  schedule(afterMs = this.#afterMs): void {
    if (this.#closed) return;
    if (this.#timer !== undefined) {
      // Whoever brings one message after the other doesn't share the processor with it.
      if (performance.now() - this.#scheduledAt < limits.textIndexMostMs - this.#afterMs) this.#timer.refresh();
      return;
    }
    this.#scheduledAt = performance.now();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.run().catch((error: unknown) => {
        if (this.#closed) return;
        this.#lose();
        this.#log.warn({ err: error, directory: this.#directory }, 'Cannot index texts: they are searched without');
        this.schedule(retryMs);
      });
    }, afterMs);
    this.#timer.unref();
  }

  /** Takes in all there is now. */
  async run(): Promise<void> {
    // What is under way may have passed what is new.
    while (this.#running !== undefined) await this.#running.catch(() => {});
    this.#running = this.#catchUp().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /** Contents are erased: nothing is to tell of them any more. */
  async forget(contentIds: readonly number[]): Promise<void> {
    for (const id of contentIds) this.#adding.delete(id);
    // Before the index is open it is not known which it has: those without message go when it has been.
    if (this.#progress === undefined) this.#swept = false;
    else {
      const done = await this.#asked(this.#thread.request(this.#directory, 'forget', { contentIds }).then(() => true));
      if (done !== true) this.#swept = false;
    }
  }

  /**
   * What is known of the messages is about to change: there is no index until the result is disposed of, whatever happens before. Then it
   * is made again.
   */
  async suspend(): Promise<Disposable> {
    // What is under way would go on with what was.
    this.#suspensions++;
    const resume = (): void => {
      this.#suspensions--;
      this.schedule();
    };
    try {
      await this.#running?.catch(() => {});
      this.#lose();
      await this.#thread.request(this.#directory, 'discard', {});
    } catch (error) {
      resume();
      throw error;
    }
    return { [Symbol.dispose]: resume };
  }

  /**
   * UIDs of messages in which a text may be found, ascending: of all others it is known that they don't have it.
   * @param where `field`: in one header field, whose blanks may have been changed
   * @returns undefined when the index can't say
   */
  async candidates(
    mailboxId: number,
    text: string,
    where: 'text' | 'body' | 'field',
  ): Promise<Uint32Array | undefined> {
    const trigrams = trigramsOf(text, { words: where === 'field' });
    if (trigrams.length === 0 || this.#progress === undefined) return undefined;
    // Before the index is asked: what comes into it meanwhile is a candidate all the same.
    const uid = this.#progress.get(mailboxId) ?? 0;
    const ids = await this.#asked(
      this.#thread.request(this.#directory, 'trigrams', { trigrams, bodyOnly: where === 'body' }),
    );
    return ids === undefined ? undefined : await this.#uidsOf(mailboxId, ids, uid);
  }

  /** Messages that have the words of a text, or words like them. @returns by UID, empty when the index can't say */
  async hits(mailboxId: number, text: string, columns: readonly WordColumn[]): Promise<WordHits> {
    const words = wordsOf(text);
    if (words.length === 0 || this.#progress === undefined) return new Map();
    const found = await this.#asked(this.#thread.request(this.#directory, 'words', { words, columns }));
    if (found === undefined) return new Map();
    const ranks = new Map(Array.from(found.contentIds, (id, at) => [id, found.ranks[at]!]));
    const hits = new Map<number, number>();
    let best = 0;
    for await (const { uid, contentId } of this.#places(mailboxId, found.contentIds)) {
      const rank = ranks.get(contentId)!;
      best = Math.max(best, rank);
      hits.set(uid, rank);
    }
    for (const [uid, rank] of hits) hits.set(uid, best > 0 ? rank / best : 1);
    return hits;
  }

  /**
   * Headers of some contents, by id, as far as the index has them. It blocks, but not for long.
   * @param contentIds at most some hundred
   */
  headers(contentIds: readonly number[]): ReadonlyMap<number, IndexedHeader> {
    return this.#read((reader) => reader.headers(contentIds)) ?? new Map();
  }

  /** Previews in the same way. */
  previews(contentIds: readonly number[]): ReadonlyMap<number, string> {
    return this.#read((reader) => reader.previews(contentIds)) ?? new Map();
  }

  /** What THREAD goes by, in the same way. */
  threads(contentIds: readonly number[]): ReadonlyMap<number, IndexedThread> {
    return this.#read((reader) => reader.threads(contentIds)) ?? new Map();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running?.catch(() => {});
    this.#lose();
    if (this.#opened) await this.#thread.request(this.#directory, 'close', {}).catch(() => {});
  }

  #read<Result>(ask: (reader: IndexReader) => Result): Result | undefined {
    if (this.#progress === undefined) return undefined;
    try {
      return ask(this.#readers.get(this.#directory, this.#account!));
    } catch (error) {
      // A statement that can't be prepared: tables are missing.
      const isOther = (error as { code?: string }).code === 'SQLITE_ERROR';
      if (error instanceof WrongIndexError || isBroken(error) || isOther) this.#wrong = true;
      this.#lose();
      this.#log.warn(
        { err: error, directory: this.#directory },
        'Cannot read from the index of texts: reading messages',
      );
      this.schedule();
      return undefined;
    }
  }

  /** It is to be opened again before anything is asked of it. */
  #lose(): void {
    this.#progress = undefined;
    this.#readers.close(this.#directory);
  }

  /** @returns undefined when the index doesn't answer */
  async #asked<Result>(request: Promise<Result>): Promise<Result | undefined> {
    try {
      return await request;
    } catch (error) {
      if (!(error instanceof TextIndexError)) throw error;
      this.#lose();
      this.#log.warn({ err: error }, 'Cannot search by the index of texts: searching the messages');
      this.schedule();
      return undefined;
    }
  }

  get #stops(): boolean {
    return this.#closed || this.#suspensions > 0;
  }

  async #catchUp(): Promise<void> {
    if (this.#stops) return;
    if (this.#wrong) {
      await this.#thread.request(this.#directory, 'discard', {});
      this.#wrong = false;
    }
    this.#progress ??= await this.#open();
    if (!this.#swept) await this.#sweep();
    const mailboxes = await this.#database.read((reader) =>
      reader.all<{ id: number; last: number }>('SELECT id, uid_next - 1 AS last FROM mailboxes WHERE expunged = 0'),
    );
    for (const { id, last } of mailboxes) {
      // What asks of it meanwhile may find it broken.
      while (!this.#stops && this.#progress !== undefined && (this.#progress.get(id) ?? 0) < last) await this.#step(id);
    }
  }

  async #open(): Promise<Map<number, number>> {
    const account = (await this.#database.read((reader) =>
      reader.first<IndexedAccount>(
        `SELECT created_at AS createdAt, changes_known_since AS changesKnownSince, next_content_id AS nextContentId
         FROM account`,
      ),
    ))!;
    this.#opened = true;
    this.#account = account;
    const progress = await this.#thread.request(this.#directory, 'open', { account });
    return new Map(progress.map(({ mailboxId, uid }) => [mailboxId, uid]));
  }

  /** Takes out what was erased while nobody told the index. */
  async #sweep(): Promise<void> {
    // What is erased from here on goes at once.
    this.#swept = true;
    try {
      await this.#forgetUnused();
    } catch (error) {
      this.#swept = false;
      throw error;
    }
  }

  async #forgetUnused(): Promise<void> {
    for (let after = 0; !this.#closed; ) {
      const ids = await this.#thread.request(this.#directory, 'contents', { after, limit: contentsAtOnce });
      const last = ids.at(-1);
      if (last === undefined) break;
      const rows = await this.#database.read((reader) =>
        reader.all<{ id: number }>(
          `SELECT value AS id FROM json_each(?)
           WHERE NOT EXISTS (SELECT 1 FROM messages WHERE content_id = value AND expunged = 0)`,
          [JSON.stringify(ids)],
        ),
      );
      if (rows.length > 0) {
        await this.#thread.request(this.#directory, 'forget', { contentIds: rows.map(({ id }) => id) });
      }
      after = last;
    }
  }

  /** Takes in the next messages of a mailbox. */
  async #step(mailboxId: number): Promise<void> {
    const { rows, last } = await this.#database.read(async (reader) => {
      const rows = await reader.all<{ uid: number; id: number }>(
        `SELECT uid, content_id AS id FROM messages WHERE mailbox_id = ? AND uid > ? AND expunged = 0 ORDER BY uid LIMIT ?`,
        [mailboxId, this.#progress?.get(mailboxId) ?? 0, uidsAtOnce],
      );
      const mailbox = await reader.first<{ last: number }>('SELECT uid_next - 1 AS last FROM mailboxes WHERE id = ?', [
        mailboxId,
      ]);
      return { rows, last: mailbox!.last };
    });
    const contentIds = [...new Set(rows.map(({ id }) => id))];
    const missing = new Set(await this.#thread.request(this.#directory, 'missing', { contentIds }));
    const through = rows.length < uidsAtOnce ? last : rows.at(-1)!.uid;
    let batch: number[] = [];
    for (const { uid, id } of rows) {
      if (!missing.delete(id)) continue;
      batch.push(id);
      if (batch.length < limits.textIndexBatchMessages) continue;
      await this.#add(batch, mailboxId, uid);
      batch = [];
      if (this.#stops) return;
    }
    await this.#add(batch, mailboxId, through);
  }

  /** @param uid up to which all is in the index with these */
  async #add(contentIds: readonly number[], mailboxId: number, uid: number): Promise<void> {
    const messages = await this.#database.read((reader) =>
      reader.all<MessageToIndex>(
        `SELECT id AS contentId, prefix, file_size AS fileSizeBytes, sha256, structure, subject, sent_at AS sentAt FROM contents
         WHERE id IN (SELECT value FROM json_each(?))
           AND EXISTS (SELECT 1 FROM messages WHERE content_id = contents.id AND expunged = 0) ORDER BY id`,
        [JSON.stringify(contentIds)],
      ),
    );
    const adding = new Set(messages.map(({ contentId: id }) => id));
    this.#adding = adding;
    const before = this.#progress?.get(mailboxId) ?? 0;
    let batch: MessageToIndex[] = [];
    let bytes = 0;
    for (const message of messages) {
      if (batch.length > 0 && bytes + message.fileSizeBytes > limits.textIndexBatchBytes) {
        await this.#thread.request(this.#directory, 'add', {
          messages: batch,
          progress: { mailboxId, uid: before },
        });
        batch = [];
        bytes = 0;
      }
      // Erased while those before it were put in.
      if (!adding.has(message.contentId)) continue;
      batch.push(message);
      bytes += message.fileSizeBytes;
    }
    await this.#thread.request(this.#directory, 'add', { messages: batch, progress: { mailboxId, uid } });
    this.#progress?.set(mailboxId, uid);
  }

  /** UIDs of contents up to a UID, and all after it, ascending. */
  async #uidsOf(mailboxId: number, contentIds: Float64Array, uid: number): Promise<Uint32Array> {
    const uids = new Set<number>();
    for await (const place of this.#places(mailboxId, contentIds)) uids.add(place.uid);
    for (let after = uid; ; ) {
      const rows = await this.#database.read((reader) =>
        reader.all<{ uid: number }>(
          'SELECT uid FROM messages WHERE mailbox_id = ? AND uid > ? AND expunged = 0 ORDER BY uid LIMIT ?',
          [mailboxId, after, contentsAtOnce],
        ),
      );
      for (const row of rows) uids.add(row.uid);
      if (rows.length < contentsAtOnce) break;
      after = rows.at(-1)!.uid;
    }
    return Uint32Array.from(uids).sort();
  }

  async *#places(
    mailboxId: number,
    contentIds: Float64Array,
  ): AsyncGenerator<{ readonly uid: number; readonly contentId: number }> {
    for (let at = 0; at < contentIds.length; at += contentsAtOnce) {
      const ids = contentIds.subarray(at, at + contentsAtOnce);
      yield* await this.#database.read((reader) =>
        reader.all<{ uid: number; contentId: number }>(
          `SELECT uid, content_id AS contentId FROM json_each(?) CROSS JOIN messages ON content_id = value AND expunged = 0
           WHERE mailbox_id = ?`,
          [`[${ids.join(',')}]`, mailboxId],
        ),
      );
    }
  }
}
