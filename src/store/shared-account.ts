import { checkFilesHere } from '../database/check-files-here.ts';
import { DirectorySyncer } from '../runtime/durable-file.ts';
import type { Log } from '../runtime/log.ts';
import type { AccountDatabase } from './account-database.ts';
import { checkConsistency } from './check-consistency.ts';
import { ContentIds } from './content-ids.ts';
import { Eraser } from './eraser.ts';
import { KnownModseq } from './known-modseq.ts';
import { RecentClaims } from './mailboxes/recent-claims.ts';
import type { MessageFiles } from './message-files.ts';
import { SharedChanges } from './messages/shared-changes.ts';
import { InconsistentAccountError, reviveStoreError } from './store-errors.ts';
import { AccountTextIndex } from './text-index/account-text-index.ts';
import { removeIndex } from './text-index/index-database.ts';
import type { IndexReaders } from './text-index/index-reader.ts';
import type { TextIndexThread } from './text-index/index-thread.ts';

/** What all openings of one account share. */
export class SharedAccount {
  readonly name: string;
  readonly database: AccountDatabase;
  readonly files: MessageFiles;
  readonly contentIds: ContentIds;
  readonly eraser: Eraser;
  readonly changes = new SharedChanges();
  readonly modseq: KnownModseq;
  readonly recent: RecentClaims;
  readonly textIndex: AccountTextIndex | undefined;
  /** See `Account.identity`. */
  identity: object = {};
  /** Openings not yet disposed of. */
  users = 0;
  readonly #directory: string;
  readonly #checkWhenClosed: boolean;
  readonly #log: Log;
  readonly #listeners = new Set<() => void>();
  readonly #onChange: () => void;
  #telling = false;

  constructor(options: {
    name: string;
    directory: string;
    database: AccountDatabase;
    files: MessageFiles;
    mayErase: () => boolean;
    checkWhenClosed: boolean;
    log: Log;
    /** Keeps an index of the texts, if given. */
    textIndex:
      | { readonly thread: TextIndexThread; readonly readers: IndexReaders; readonly afterMs: number }
      | undefined;
    /** Told of changes before all other listeners. */
    onChange: () => void;
  }) {
    this.name = options.name;
    this.database = options.database;
    this.files = options.files;
    this.#directory = options.directory;
    this.#checkWhenClosed = options.checkWhenClosed;
    this.#log = options.log;
    this.#onChange = options.onChange;
    this.modseq = new KnownModseq(this.database);
    this.contentIds = new ContentIds(this.database);
    this.recent = new RecentClaims(options);
    const { textIndex, directory, database, log } = options;
    this.textIndex =
      textIndex === undefined ? undefined : new AccountTextIndex({ ...textIndex, directory, database, log });
    this.eraser = new Eraser({ ...options, onErased: async (contentIds) => this.textIndex?.forget(contentIds) });
  }

  /** Runs an operation, then tells the listeners. @throws the store's errors as what they are */
  readonly write: AccountDatabase['write'] = async (name, args) => {
    try {
      const result = await this.database.write(name, args);
      this.#tell();
      return result;
    } catch (error) {
      throw reviveStoreError(error) ?? error;
    }
  };

  onChange(listener: () => void): () => void {
    // The same function may be given twice.
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  /** What is known of the messages is about to change: their texts are indexed again when the result is disposed of. */
  async suspendTextIndex(): Promise<Disposable> {
    if (this.textIndex !== undefined) return await this.textIndex.suspend();
    removeIndex(this.#directory);
    return { [Symbol.dispose]: () => {} };
  }

  async close(): Promise<void> {
    await this.eraser.close();
    await this.recent.close();
    await this.textIndex?.close();
    try {
      await this.contentIds.release();
      if (this.#checkWhenClosed) await this.#check();
    } finally {
      await this.database[Symbol.asyncDispose]();
    }
  }

  /** Once for all changes that one commit brought. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    setImmediate(() => {
      this.#telling = false;
      this.textIndex?.schedule();
      for (const listener of [this.#onChange, ...this.#listeners]) {
        try {
          listener();
        } catch (error) {
          this.#log.error({ err: error, account: this.name }, 'Cannot tell of a change: others are told');
        }
      }
    });
  }

  async #check(): Promise<void> {
    const findings: string[] = [];
    await this.database.read(async (reader) => {
      const checkFiles = checkFilesHere(this.#directory);
      const options = { account: this.name, directory: this.#directory, path: '', parse: 'all', checkFiles } as const;
      for await (const finding of checkConsistency(reader, options)) {
        if (finding.severity === 'error') findings.push(finding.message);
      }
    });
    if (findings.length > 0) throw new InconsistentAccountError(this.name, findings);
  }
}

/** Directory flushes are shared by all accounts of a process. */
export const directorySyncer = new DirectorySyncer();
