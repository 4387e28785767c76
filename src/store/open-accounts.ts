import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { link, mkdir, readdir, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseEngine } from '../database/engine.ts';
import { StructureParser } from '../message/structure-parser.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { makeDirectoryDurably, syncDirectory } from '../runtime/durable-file.ts';
import { limits } from '../runtime/limits.ts';
import { type Log, silentLog } from '../runtime/log.ts';
import type {
  Account,
  Accounts,
  AppPasswordScope,
  CopiedMessages,
  MessageIntake,
  QuotaLimits,
  ReceivedFile,
  SpecialUse,
} from './account.ts';
import { accountDatabaseKind } from './account-database.ts';
import { checkAccountName, isAccountName } from './account-name.ts';
import { addAppPassword, setPassword } from './account-passwords.ts';
import type { BufferedBytes } from './buffered-message.ts';
import { removeLeftovers } from './content-ids.ts';
import { toFileError } from './file-error.ts';
import { normaliseMailboxName } from './mailbox-name.ts';
import { MessageFiles, messageFilePath } from './message-files.ts';
import { FileIntake } from './message-intake.ts';
import { OpenAccount } from './open-account.ts';
import { directorySyncer, SharedAccount } from './shared-account.ts';
import { SharingIndex } from './sharing/sharing-index.ts';
import { finishMoves, type Transfer, transferMessages } from './sharing/transfer-messages.ts';
import { AccountBusyError, AccountExistsError, AccountNotFoundError } from './store-errors.ts';
import { temporaryName } from './temporary-name.ts';
import { IndexReaders } from './text-index/index-reader.ts';
import { TextIndexThread } from './text-index/index-thread.ts';
import { WrittenMessage } from './written-message.ts';

/*
 * The store: accounts, mailboxes, messages.
 *
 * On disk, below the data directory:
 *   tmp/<random>                        larger message files being taken, flushed before anybody links them; emptied at the server's start
 *   accounts/<name>/index.db            all records of an account
 *   accounts/<name>/search.db           index of texts, which can be made again: see text-index/index-database.ts
 *   accounts/<name>/msg/<id >> 10>/<id> message files, mode 0400, written once, never changed. <id> is the content's id
 *
 * A content is one stored message: its file, and a row with the headers added before it, its SHA-256 and size, and all that was found
 * out about it. Messages are narrow rows (mailbox, UID) that refer to a content, so that copying and moving touch rows only. Local
 * recipients in several accounts have hard links to one file.
 *
 * Invariants, checked by `check-consistency.ts`:
 *   - Every change takes the account's next MODSEQ; rows changed by one operation share it. Expunged messages and mailboxes keep
 *     their rows. A UIDVALIDITY is never given twice, and one name's only ascends. UIDs of a mailbox ascend for ever.
 *   - Counts of mailboxes, and bytes and messages of the account, are changed in the transaction that changes the rows.
 *   - A delivery with an id is in `deliveries` by the transaction that adds its message: a repetition adds nothing.
 *   - A content has a live message, or an entry in `erase`; never both. A content with a live message has its file.
 *
 * Order of adding: file written and flushed under a content id that a durable counter has given out, or, a larger one, linked from
 * tmp/; directory flushed; one transaction. Order of removing: row expunged and content in `erase`, in one transaction; later, when no session and no
 * snapshot needs it, the file; then the content's row.
 *
 * What a crash leaves behind: files in tmp/; files without row, whole or not, whose ids are in a block of `content_blocks` that was not given back,
 * so that the next opening finds and removes them without looking at others; entries in `erase` with or without file. None needs a
 * repair. A message file that is missing, or without row outside of those blocks, is damage.
 */

export interface OpenAccountsOptions {
  readonly dataDirectory: string;
  readonly engine: DatabaseEngine;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Made and subscribed to in a new account. */
  readonly defaultMailboxes?: readonly { readonly name: string; readonly specialUse?: readonly SpecialUse[] }[];
  /** Most bytes that an account may store, unless it has a limit of its own; undefined: any number. Asked at each change. */
  readonly quotaOf?: (account: string) => QuotaLimits;
  /** Accounts that stay open though nobody uses them. */
  readonly idleAccounts?: number;
  /** Checks every invariant, and reads every file, when an account is closed; throws InconsistentAccountError. For tests. */
  readonly checkWhenClosed?: boolean;
  /** Keeps an index of all texts for searches, and brings it up to date in the background so long after a change. */
  readonly indexTextsAfterMs?: number;
}

const usualMailboxes: NonNullable<OpenAccountsOptions['defaultMailboxes']> = [
  { name: 'Inbox' },
  { name: 'Archive', specialUse: ['\\Archive'] },
  { name: 'Drafts', specialUse: ['\\Drafts'] },
  { name: 'Junk', specialUse: ['\\Junk'] },
  { name: 'Sent', specialUse: ['\\Sent'] },
  { name: 'Trash', specialUse: ['\\Trash'] },
];

/** Opens the store. Disposing closes all accounts, also those that somebody has open. */
export async function openAccounts(options: OpenAccountsOptions): Promise<Accounts> {
  await makeDirectoryDurably(join(options.dataDirectory, 'accounts'));
  await mkdir(join(options.dataDirectory, 'tmp'), { recursive: true, mode: 0o700 });
  const sharing = await SharingIndex.open(options.engine, options.dataDirectory);
  const accounts = new AccountsOfDirectory(options, sharing);
  try {
    await finishMoves(accounts, sharing, options.log ?? silentLog);
  } catch (error) {
    await accounts[Symbol.asyncDispose]();
    throw error;
  }
  return accounts;
}

/**
 * Removes what earlier processes left in `tmp/`. To be called with the data directory's lock, before anything is opened.
 * @param keep says whether something there, by its path, is to stay
 */
export async function removeTemporaryFiles(dataDirectory: string, keep: (path: string) => boolean): Promise<void> {
  const directory = join(dataDirectory, 'tmp');
  if (!existsSync(directory)) return;
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (!keep(path)) await rm(path, { recursive: true, force: true });
  }
}

class AccountsOfDirectory implements Accounts {
  readonly #options: OpenAccountsOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sharing: SharingIndex;
  readonly #temporaryDirectory: string;
  readonly #buffered: BufferedBytes = { bytes: 0 };
  readonly #open = new Map<string, SharedAccount>();
  /** The opening, closing or removing of an account under way: all else waits for it. */
  readonly #changes = new Map<string, Promise<unknown>>();
  readonly #listeners = new Set<(account: string) => void>();
  /** Open accounts that nobody uses, the longest unused first. */
  readonly #idle = new Set<SharedAccount>();
  /** Above all UIDVALIDITYs of accounts removed so far: one that is made again goes on from here. */
  #uidValidityFloor = 0;
  readonly #textIndex:
    | { readonly thread: TextIndexThread; readonly readers: IndexReaders; readonly afterMs: number }
    | undefined;
  #closed = false;

  constructor(options: OpenAccountsOptions, sharing: SharingIndex) {
    this.#options = options;
    this.#sharing = sharing;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLog;
    this.#temporaryDirectory = join(options.dataDirectory, 'tmp');
    const { indexTextsAfterMs: afterMs } = options;
    this.#textIndex =
      afterMs === undefined ? undefined : { thread: new TextIndexThread(), readers: new IndexReaders(), afterMs };
  }

  async open(name: string): Promise<Account> {
    checkAccountName(name);
    let shared = this.#usable(name);
    while (shared === undefined) {
      if (this.#closed) throw new TypeError(`Cannot open account "${name}": the store is closed`);
      if (this.#changes.has(name)) await this.#changes.get(name)!.catch(() => {});
      else await this.#change(name, () => this.#openShared(name));
      shared = this.#usable(name);
    }
    const taken = shared;
    taken.users++;
    this.#idle.delete(taken);
    return new OpenAccount(taken, {
      clock: this.#clock,
      quotaOf: this.#options.quotaOf,
      noteShare: (identifier) => this.#sharing.note(name, [identifier]),
      giveUp: () => this.#giveUp(taken),
    });
  }

  async exists(name: string): Promise<boolean> {
    return isAccountName(name) && this.#isThere(name);
  }

  async list(): Promise<string[]> {
    const names = await readdir(join(this.#options.dataDirectory, 'accounts'));
    const existing: string[] = [];
    for (const name of names) if (await this.exists(name)) existing.push(name);
    return existing.sort();
  }

  async install(name: string, directory: string): Promise<void> {
    checkAccountName(name);
    const { engine, dataDirectory } = this.#options;
    await engine.changeFiles(async () => {
      while (this.#changes.has(name)) await this.#changes.get(name)!.catch(() => {});
      await this.#change(name, async () => {
        // A directory without database holds nothing: one that was made for an account that never came to be.
        if (this.#isThere(name) || this.#open.has(name)) throw new AccountExistsError(name);
        if (existsSync(this.#directory(name))) {
          await rename(this.#directory(name), join(this.#temporaryDirectory, `removed-${temporaryName()}`));
        }
        await rename(directory, this.#directory(name));
        await syncDirectory(join(dataDirectory, 'accounts'));
      });
    });
  }

  async remove(name: string): Promise<void> {
    checkAccountName(name);
    const { engine, dataDirectory } = this.#options;
    const removed = join(this.#temporaryDirectory, `removed-${temporaryName()}`);
    // The gate first: who is inside may wait for the account, and would wait for ever if its removal waited for the gate.
    await engine.changeFiles(async () => {
      while (this.#changes.has(name)) await this.#changes.get(name)!.catch(() => {});
      // From here to the change nobody else gets a turn.
      if (!this.#isThere(name)) throw new AccountNotFoundError(name, 'remove');
      if ((this.#open.get(name)?.users ?? 0) > 0) throw new AccountBusyError(name, 'it is in use');
      await this.#change(name, async () => {
        try {
          if (!this.#open.has(name)) await this.#openShared(name);
          await this.#noteUidValidity(this.#open.get(name)!);
        } catch (error) {
          // A damaged account must be removable: the time in seconds is above its UIDVALIDITYs in nearly all cases.
          this.#log.warn(
            { err: error, account: name },
            'Cannot read the account to be removed: removing it all the same',
          );
        }
        const shared = this.#open.get(name);
        if (shared !== undefined) await this.#closeShared(shared);
        if (!engine.filesMayBeErased) throw new AccountBusyError(name, 'a backup needs its files; try again after it');
        await rename(this.#directory(name), removed);
        await syncDirectory(join(dataDirectory, 'accounts'));
        await this.#sharing.forgetOwner(name);
      });
    });
    await rm(removed, { recursive: true, force: true });
  }

  async sharingWith(user: string): Promise<string[]> {
    return await this.#sharing.ownersFor(user);
  }

  transferMessages(transfer: Transfer): AsyncGenerator<CopiedMessages> {
    return transferMessages(transfer, {
      sharing: this.#sharing,
      changeFiles: (change) => this.#options.engine.changeFiles(change),
      adopt: (account, contentId) => this.adopt(join(this.#directory(account), messageFilePath(contentId))),
    });
  }

  async startMessage(options: { limitBytes?: number } = {}): Promise<MessageIntake> {
    return new FileIntake(this.#temporaryDirectory, options.limitBytes ?? limits.messageBytes, this.#buffered);
  }

  async adopt(path: string): Promise<ReceivedFile> {
    const name = temporaryName();
    const temporary = join(this.#temporaryDirectory, name);
    try {
      await link(path, temporary);
      const hash = createHash('sha256');
      const parser = new StructureParser();
      let size = 0;
      for await (const chunk of createReadStream(temporary) as AsyncIterable<Buffer>) {
        hash.update(chunk);
        parser.push(chunk);
        size += chunk.length;
      }
      return new WrittenMessage(this.#temporaryDirectory, name, size, hash.digest(), parser.finish());
    } catch (error) {
      await unlink(temporary).catch(() => {});
      throw toFileError(error, 'take', path);
    }
  }

  onChange(listener: (account: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async setPassword(name: string, password: string): Promise<void> {
    await using account = await this.open(name);
    await setPassword({ account, shared: this.#open.get(name)! }, password, this.#clock.now());
  }

  async addAppPassword(name: string, options: { name: string; scopes: readonly AppPasswordScope[] }): Promise<string> {
    await using account = await this.open(name);
    return await addAppPassword({ account, shared: this.#open.get(name)! }, options, this.#clock.now());
  }

  async removeAppPassword(account: string, name: string): Promise<number | undefined> {
    await using opened = await this.open(account);
    return await this.#open.get(opened.name)!.write('removeAppPassword', { name });
  }

  async noteAppPasswordUse(account: string, id: number): Promise<void> {
    await using opened = await this.open(account);
    await this.#open.get(opened.name)!.write('noteAppPasswordUse', { id, now: this.#clock.now() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    while (this.#changes.size > 0) await Promise.allSettled(this.#changes.values());
    const results = await Promise.allSettled([...this.#open.values()].map((shared) => this.#closeShared(shared)));
    await this.#sharing[Symbol.asyncDispose]();
    this.#textIndex?.readers[Symbol.dispose]();
    await this.#textIndex?.thread[Symbol.asyncDispose]();
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #directory(name: string): string {
    return join(this.#options.dataDirectory, 'accounts', name);
  }

  #isThere(name: string): boolean {
    return existsSync(join(this.#directory(name), 'index.db'));
  }

  #usable(name: string): SharedAccount | undefined {
    return this.#changes.has(name) ? undefined : this.#open.get(name);
  }

  async #change(name: string, change: () => Promise<void>): Promise<void> {
    const running = change();
    this.#changes.set(name, running);
    try {
      await running;
    } finally {
      this.#changes.delete(name);
    }
  }

  async #openShared(name: string): Promise<void> {
    const { engine, defaultMailboxes = usualMailboxes, checkWhenClosed = false } = this.#options;
    const directory = this.#directory(name);
    await makeDirectoryDurably(join(directory, 'msg'));
    const database = await engine.open(accountDatabaseKind, join(directory, 'index.db'));
    try {
      const files = new MessageFiles(directory, directorySyncer);
      const state = await database.read((reader) =>
        reader.first<{ erasable: number | null; shared: string }>(
          `SELECT (SELECT 1 FROM erase) AS erasable,
           (SELECT json_group_array(DISTINCT identifier) FROM acl WHERE identifier NOT LIKE '-%') AS shared FROM account`,
        ),
      );
      if (state === undefined) {
        const mailboxes = defaultMailboxes.map((mailbox) => ({ ...mailbox, name: normaliseMailboxName(mailbox.name) }));
        await database.write('initialiseAccount', {
          now: this.#clock.now(),
          uidValidity: this.#uidValidityFloor,
          mailboxes,
        });
      }
      const sharedWith = JSON.parse(state?.shared ?? '[]') as string[];
      if (sharedWith.length > 0) await this.#sharing.note(name, sharedWith);
      await removeLeftovers(database, files);
      const mayErase = (): boolean => engine.filesMayBeErased;
      const log = this.#log;
      const onChange = (): void => {
        for (const listener of this.#listeners) listener(name);
      };
      const shared = new SharedAccount({
        ...{ name, directory, database, files, mayErase, checkWhenClosed, log, onChange },
        textIndex: this.#textIndex,
      });
      if (state?.erasable === 1) shared.eraser.schedule();
      shared.textIndex?.schedule();
      this.#open.set(name, shared);
    } catch (error) {
      await database[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #noteUidValidity(shared: SharedAccount): Promise<void> {
    const row = await shared.database.read((reader) =>
      reader.first<{ next: number }>('SELECT next_uid_validity AS next FROM account'),
    );
    this.#uidValidityFloor = Math.max(this.#uidValidityFloor, row!.next);
  }

  async #giveUp(shared: SharedAccount): Promise<void> {
    shared.users--;
    if (shared.users > 0 || this.#closed) return;
    this.#idle.add(shared);
    if (this.#idle.size <= (this.#options.idleAccounts ?? limits.idleAccounts)) return;
    const [oldest] = this.#idle;
    if (this.#changes.has(oldest!.name)) return;
    try {
      await this.#change(oldest!.name, () => this.#closeShared(oldest!));
    } catch (error) {
      // No failure of whoever gives up an account: what it did is done. The next opening clears up what closing would have.
      this.#log.error({ err: error, account: oldest!.name }, 'Cannot close an idle account in order');
    }
  }

  async #closeShared(shared: SharedAccount): Promise<void> {
    this.#idle.delete(shared);
    this.#open.delete(shared.name);
    await shared.close();
  }
}
