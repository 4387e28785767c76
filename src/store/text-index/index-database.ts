import { hash } from 'node:crypto';
import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import { headerEnd } from '../../message/header-end.ts';
import { decodeHeaderText } from '../../message/header-text.ts';
import { findPreviewPart, previewText } from '../../message/preview.ts';
import { searchedTexts } from '../../message/search-message-text.ts';
import type { MessageStructure } from '../../message/structure.ts';
import { findThreadFacts } from '../../message/thread-facts.ts';
import { limits } from '../../runtime/limits.ts';
import { messageFilePath } from '../message-files.ts';
import { shiftStructure } from '../shift-structure.ts';
import type { IndexedAccount, IndexRequests, MessageToIndex, Progress } from './index-protocol.ts';
import { indexFormat, indexSchema } from './index-schema.ts';
import { sumOf, sumOfHeader } from './index-sum.ts';
import { type IndexedHeader, shortenHeader } from './indexed-header.ts';
import { encodeThread } from './indexed-thread.ts';
import { indexedForm } from './trigrams.ts';

/*
 * `accounts/<name>/search.db`: which trigrams and which words the texts of an account's messages have. It can be made again from the messages
 * at any time, so that no backup has it, and a commit need not be flushed: what a power cut takes is put in again, because how far the
 * index has come is in the same transaction. And the headers and previews of messages, which would have to be taken from their files. One
 * thread writes it; servers read headers and previews from it (index-reader.ts). What it holds tells much of the texts: the file is as private
 * as the messages, and contents that are erased go from it.
 */

/** Stands between two texts: in no text that is looked for. */
const separator = '\n\n';

type Handler = {
  readonly [Name in Exclude<keyof IndexRequests, 'close' | 'discard'>]: (
    args: IndexRequests[Name]['args'],
  ) => IndexRequests[Name]['result'];
};

/** The index of one account, as the thread has it open. */
export class IndexDatabase implements Handler {
  readonly #directory: string;
  #database: Database;
  /** What was answered last: programs ask the same for each page of a result (RFC 9394), and for each mailbox. */
  #last: { readonly asked: string; readonly ids: Float64Array } | undefined;

  /**
   * @param directory of the account
   * @param options.make otherwise one that is missing or broken is an error: nobody is to take an empty one for what was there
   */
  constructor(directory: string, { make }: { make: boolean }) {
    this.#directory = directory;
    this.#database = make ? this.#openOrMake() : this.#openFile(false);
  }

  /** Makes the index anew when it is that of another account, or of a later state of this one. */
  open({ account }: { account: IndexedAccount }): readonly Progress[] {
    const database = this.#database;
    const meta = database
      .prepare('SELECT created_at AS createdAt, changes_known_since AS since, unicode FROM meta')
      .get() as { createdAt: number; since: number; unicode: string } | undefined;
    const { last } = database.prepare('SELECT max(id) AS last FROM contents').get() as { last: number | null };
    const isOther =
      meta !== undefined &&
      (meta.createdAt !== account.createdAt ||
        meta.since !== account.changesKnownSince ||
        meta.unicode !== process.versions.unicode ||
        (last ?? 0) >= account.nextContentId);
    if (isOther) this.#makeAnew();
    this.#database
      .prepare('INSERT OR IGNORE INTO meta (id, created_at, changes_known_since, unicode) VALUES (1, ?, ?, ?)')
      .run(account.createdAt, account.changesKnownSince, process.versions.unicode);
    return this.#database.prepare('SELECT mailbox_id AS mailboxId, uid FROM progress').all() as Progress[];
  }

  missing({ contentIds }: { contentIds: readonly number[] }): number[] {
    const known = this.#database.prepare('SELECT 1 FROM contents WHERE id = ?');
    return contentIds.filter((id) => known.get(id) === undefined);
  }

  add({ messages, progress }: { messages: readonly MessageToIndex[]; progress: Progress }): undefined {
    const texts = messages.map((message) => this.#textsOf(message));
    this.#last = undefined;
    const database = this.#database;
    database.transaction(() => {
      const addTrigrams = database.prepare('INSERT INTO trigrams (rowid, text) VALUES (?, ?)');
      const addWords = database.prepare(
        'INSERT INTO words (rowid, subject, sender, recipients, body) VALUES (?, ?, ?, ?, ?)',
      );
      const addContent = database.prepare('INSERT OR IGNORE INTO contents (id, partial) VALUES (?, ?)');
      const addHeader = database.prepare('INSERT INTO headers (id, sum, whole, text) VALUES (?, ?, ?, ?)');
      const addPreview = database.prepare('INSERT INTO previews (id, sum, text) VALUES (?, ?, ?)');
      const addThread = database.prepare('INSERT INTO threads (id, sum, text) VALUES (?, ?, ?)');
      messages.forEach(({ contentId }, at) => {
        const text = texts[at]!;
        if (addContent.run(contentId, text.partial ? 1 : 0).changes === 0) return;
        addTrigrams.run(contentId * 2, indexedForm(text.header));
        addTrigrams.run(contentId * 2 + 1, indexedForm(text.body));
        addWords.run(contentId, text.subject, text.sender, text.recipients, text.body);
        const { ownHeader, preview, thread } = text;
        if (ownHeader !== undefined) {
          addHeader.run(contentId, sumOfHeader(ownHeader, contentId), ownHeader.whole ? 1 : 0, ownHeader.text);
        }
        if (preview !== undefined) addPreview.run(contentId, sumOf(preview, contentId), preview);
        if (thread.length <= limits.indexedThreadCharacters) addThread.run(contentId, sumOf(thread, contentId), thread);
      });
      database
        .prepare('INSERT INTO progress VALUES (?, ?) ON CONFLICT (mailbox_id) DO UPDATE SET uid = excluded.uid')
        .run(progress.mailboxId, progress.uid);
    })();
  }

  contents({ after, limit }: { after: number; limit: number }): number[] {
    const rows = this.#database.prepare('SELECT id FROM contents WHERE id > ? ORDER BY id LIMIT ?').pluck();
    return rows.all(after, limit) as number[];
  }

  forget({ contentIds }: { contentIds: readonly number[] }): undefined {
    this.#last = undefined;
    const database = this.#database;
    database.transaction(() => {
      for (const id of contentIds) {
        if (database.prepare('DELETE FROM contents WHERE id = ?').run(id).changes === 0) continue;
        database.prepare('DELETE FROM trigrams WHERE rowid IN (?, ?)').run(id * 2, id * 2 + 1);
        database.prepare('DELETE FROM words WHERE rowid = ?').run(id);
        database.prepare('DELETE FROM headers WHERE id = ?').run(id);
        database.prepare('DELETE FROM previews WHERE id = ?').run(id);
        database.prepare('DELETE FROM threads WHERE id = ?').run(id);
      }
    })();
  }

  trigrams({ trigrams, bodyOnly }: { trigrams: readonly string[]; bodyOnly: boolean }): Float64Array {
    const asked = `${bodyOnly} ${trigrams.join(' ')}`;
    if (this.#last?.asked === asked) return this.#last.ids;
    const ids = this.#find(trigrams, bodyOnly);
    this.#last = ids.length > limits.textIndexRememberedIds ? undefined : { asked, ids };
    return ids;
  }

  #find(trigrams: readonly string[], bodyOnly: boolean): Float64Array {
    const found = this.#database.prepare('SELECT rowid FROM trigrams WHERE trigrams MATCH ?').pluck();
    const rows = found.all(trigrams.map(quoted).join(' AND ')) as number[];
    const ids = new Set<number>();
    for (const row of rows) if (!bodyOnly || row % 2 === 1) ids.add(Math.floor(row / 2));
    const partial = this.#database.prepare('SELECT id FROM contents WHERE partial = 1').pluck().all() as number[];
    for (const id of partial) ids.add(id);
    return Float64Array.from(ids);
  }

  words({ words, columns }: IndexRequests['words']['args']): IndexRequests['words']['result'] {
    const find = this.#database.prepare(
      `SELECT rowid AS id, bm25(words, 10, 5, 5, 1) AS rank FROM words WHERE words MATCH ? ORDER BY rank LIMIT ${limits.textIndexFuzzyHits}`,
    );
    const terms = words.map((word) => `${quoted(word)}*`);
    const within = `{${columns.join(' ')}} : `;
    let rows = find.all(`${within}(${terms.join(' AND ')})`) as { id: number; rank: number }[];
    // Better some of the words than nothing.
    if (rows.length === 0 && terms.length > 1) rows = find.all(`${within}(${terms.join(' OR ')})`) as typeof rows;
    return {
      contentIds: Float64Array.from(rows, ({ id }) => id),
      ranks: Float64Array.from(rows, ({ rank }) => -rank),
    };
  }

  close(): void {
    this.#database.close();
  }

  get #path(): string {
    return join(this.#directory, 'search.db');
  }

  #openOrMake(): Database {
    try {
      return this.#openFile();
    } catch (error) {
      // Broken, or of another format: it can be made again.
      if (!isBroken(error)) throw error;
      this.#remove();
      return this.#openFile();
    }
  }

  #openFile(make = true): Database {
    // SQLite would create it with the umask's mode.
    if (make) closeSync(openSync(this.#path, 'a', 0o600));
    const database = new SqliteDatabase(this.#path, { fileMustExist: true });
    try {
      database.pragma('journal_mode = WAL');
      // A power cut may take the last commits, but never half of one.
      database.pragma('synchronous = NORMAL');
      database.pragma('trusted_schema = OFF');
      database.pragma('temp_store = MEMORY');
      const version = database.pragma('user_version', { simple: true });
      if (version === 0 && make) database.exec(`BEGIN IMMEDIATE; ${indexSchema} COMMIT`);
      else if (version !== indexFormat) throw new OtherFormatError();
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  #makeAnew(): void {
    this.#last = undefined;
    this.#database.close();
    this.#remove();
    this.#database = this.#openFile();
  }

  #remove(): void {
    removeIndex(this.#directory);
  }

  /** What of a message goes into the index. One whose file can't be read is searched in the message itself, which will tell. */
  #textsOf(message: MessageToIndex): MessageTexts {
    const bytes = this.#read(message);
    const structure = shiftStructure(JSON.parse(message.structure) as MessageStructure, message.prefix.length);
    const { envelope } = structure;
    const isWhole = this.#isWhole(bytes, message);
    const texts: MessageTexts = {
      subject: decodeHeaderText(envelope.subject ?? ''),
      sender: decodeHeaderText(envelope.from ?? ''),
      recipients: [envelope.to, envelope.cc, envelope.bcc]
        .map((field) => decodeHeaderText(field ?? ''))
        .join(separator),
      header: '',
      body: '',
      // What was changed on the disk may be mended: then it has other texts.
      partial: !isWhole,
      ownHeader: isWhole ? headerOf(bytes) : undefined,
      preview: isWhole ? previewOf(bytes, structure) : undefined,
      thread: threadOf(message, structure),
    };
    let left: number = limits.textIndexCharacters;
    for (const text of searchedTexts(bytes, structure)) {
      for (const piece of text.kind === 'header' ? [text.lines.join('\n')] : text.pieces) {
        texts[text.kind] += piece.slice(0, left);
        if (piece.length > left) texts.partial = true;
        left = Math.max(0, left - piece.length);
        if (left === 0) break;
      }
      texts[text.kind] += separator;
      if (left === 0) {
        texts.partial = true;
        break;
      }
    }
    return texts;
  }

  #isWhole(bytes: Buffer, { prefix, fileSizeBytes, sha256 }: MessageToIndex): boolean {
    if (bytes.length < prefix.length + fileSizeBytes) return false;
    return Buffer.compare(hash('sha256', bytes.subarray(prefix.length), 'buffer'), sha256) === 0;
  }

  /** @returns the first bytes of prefix and file as one */
  #read({ contentId, prefix, fileSizeBytes }: MessageToIndex): Buffer {
    const bytes = Buffer.alloc(Math.min(prefix.length + fileSizeBytes, limits.textIndexMessageBytes));
    bytes.set(prefix.subarray(0, bytes.length));
    let length = Math.min(prefix.length, bytes.length);
    let file: number | undefined;
    try {
      file = openSync(join(this.#directory, messageFilePath(contentId)), 'r');
      while (length < bytes.length) {
        const read = readSync(file, bytes, length, bytes.length - length, length - prefix.length);
        if (read === 0) break;
        length += read;
      }
    } catch {
      // What is missing of it makes it partial.
    } finally {
      if (file !== undefined) closeSync(file);
    }
    return bytes.subarray(0, length);
  }
}

/** Removes the index of an account that nobody has open. */
export function removeIndex(directory: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(join(directory, `search.db${suffix}`), { force: true });
}

/** @returns undefined for one that is too long to be kept twice */
function headerOf(bytes: Buffer): IndexedHeader | undefined {
  const end = headerEnd(bytes);
  if (end > limits.headerBytes) return undefined;
  const header = shortenHeader(bytes.toString('latin1', 0, end));
  return header.text.length > limits.indexedHeaderBytes ? undefined : header;
}

function previewOf(bytes: Buffer, structure: MessageStructure): string {
  const part = findPreviewPart(structure);
  if (part === undefined) return '';
  return previewText(
    part,
    bytes.subarray(part.bodyStart, Math.min(part.bodyEnd, part.bodyStart + limits.previewSourceBytes)),
  );
}

function threadOf({ subject, sentAt }: MessageToIndex, { envelope, references }: MessageStructure): string {
  const { messageId, inReplyTo } = envelope;
  return encodeThread({
    ...findThreadFacts({ messageId, inReplyTo, references, subject }),
    sentAt: sentAt ?? undefined,
  });
}

interface MessageTexts {
  readonly subject: string;
  readonly sender: string;
  readonly recipients: string;
  readonly ownHeader: IndexedHeader | undefined;
  readonly preview: string | undefined;
  readonly thread: string;
  /** All headers, also of parts. */
  header: string;
  body: string;
  partial: boolean;
}

class OtherFormatError extends Error {
  override readonly message = 'it has another format';
}

export function isBroken(error: unknown): boolean {
  const { code } = error as { code?: string };
  // Of the trigrams and words it is SQLITE_CORRUPT_VTAB.
  const isDamaged = code === 'SQLITE_NOTADB' || code?.startsWith('SQLITE_CORRUPT') === true;
  return error instanceof OtherFormatError || isDamaged;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
