import { existsSync } from 'node:fs';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseEngine } from '../database/engine.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { makeDirectoryDurably, syncDirectory } from '../runtime/durable-file.ts';
import { limits } from '../runtime/limits.ts';
import { type Log, silentLog } from '../runtime/log.ts';
import { removeTree } from '../runtime/remove-tree.ts';
import type { Account } from './account.ts';
import { checkAccountName, isAccountName } from './account-name.ts';
import { addAppPassword, setPassword } from './account-passwords.ts';
import type { Accounts } from './accounts.ts';
import { AccountsInUse } from './accounts-in-use.ts';
import { adoptMessage } from './adopt-message.ts';
import type { BufferedBytes } from './buffered-message.ts';
import type { SpecialUse } from './mailboxes/mailbox.ts';
import { messageFilePath } from './message-files.ts';
import { FileIntake } from './message-intake.ts';
import type { CopiedMessages } from './messages/message-writer.ts';
import type { MessageIntake, ReceivedFile } from './messages/received-file.ts';
import { OpenAccount } from './open-account.ts';
import { openSharedAccount } from './open-shared-account.ts';
import type { AppPasswordScope } from './passwords/app-password.ts';
import type { QuotaLimits } from './quota.ts';
import type { SharedAccount } from './shared-account.ts';
import { SharingIndex } from './sharing/sharing-index.ts';
import { finishMoves, type Transfer, transferMessages } from './sharing/transfer-messages.ts';
import { AccountBusyError, AccountExistsError, AccountNotFoundError } from './store-errors.ts';
import { temporaryName } from './temporary-name.ts';
import { IndexReaders } from './text-index/index-reader.ts';
import { TextIndexThread } from './text-index/index-thread.ts';

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
 * tmp/; directory flushed; one transaction. Of a small message that comes alone the transaction is prepared meanwhile, and committed when
 * file and directory are flushed. Order of removing: row expunged and content in `erase`, in one transaction; later, when no session and no
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

class AccountsOfDirectory implements Accounts {
  readonly #options: OpenAccountsOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sharing: SharingIndex;
  readonly #temporaryDirectory: string;
  readonly #buffered: BufferedBytes = { bytes: 0 };
  readonly #inUse: AccountsInUse;
  readonly #listeners = new Set<(account: string) => void>();
  /** Above all UIDVALIDITYs of accounts removed so far: one that is made again goes on from here. */
  #uidValidityFloor = 0;
  readonly #textIndex:
    | { readonly thread: TextIndexThread; readonly readers: IndexReaders; readonly afterMs: number }
    | undefined;

  constructor(options: OpenAccountsOptions, sharing: SharingIndex) {
    this.#options = options;
    this.#sharing = sharing;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLog;
    this.#temporaryDirectory = join(options.dataDirectory, 'tmp');
    this.#inUse = new AccountsInUse({
      open: (name) => this.#openShared(name),
      idleAccounts: options.idleAccounts ?? limits.idleAccounts,
      log: this.#log,
    });
    const { indexTextsAfterMs: afterMs } = options;
    this.#textIndex =
      afterMs === undefined ? undefined : { thread: new TextIndexThread(), readers: new IndexReaders(), afterMs };
  }

  async open(name: string): Promise<Account> {
    checkAccountName(name);
    const shared = await this.#inUse.take(name);
    return new OpenAccount(shared, {
      clock: this.#clock,
      quotaOf: this.#options.quotaOf,
      noteShare: (identifier) => this.#sharing.note(name, [identifier]),
      giveUp: () => this.#inUse.giveUp(shared),
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
      while (this.#inUse.isChanging(name)) await this.#inUse.changed(name);
      await this.#inUse.change(name, async () => {
        // A directory without database holds nothing: one that was made for an account that never came to be.
        if (this.#isThere(name) || this.#inUse.get(name) !== undefined) throw new AccountExistsError(name);
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
      while (this.#inUse.isChanging(name)) await this.#inUse.changed(name);
      // From here to the change nobody else gets a turn.
      if (!this.#isThere(name)) throw new AccountNotFoundError(name, 'remove');
      if ((this.#inUse.get(name)?.users ?? 0) > 0) throw new AccountBusyError(name, 'it is in use');
      await this.#inUse.change(name, async () => {
        try {
          await this.#noteUidValidity(this.#inUse.get(name) ?? (await this.#inUse.open(name)));
        } catch (error) {
          // A damaged account must be removable: the time in seconds is above its UIDVALIDITYs in nearly all cases.
          this.#log.warn(
            { err: error, account: name },
            'Cannot read the account to be removed: removing it all the same',
          );
        }
        const shared = this.#inUse.get(name);
        if (shared !== undefined) await this.#inUse.close(shared);
        if (!engine.filesMayBeErased) throw new AccountBusyError(name, 'a backup needs its files; try again after it');
        await rename(this.#directory(name), removed);
        await syncDirectory(join(dataDirectory, 'accounts'));
        await this.#sharing.forgetOwner(name);
      });
    });
    await removeTree(removed);
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
    return await adoptMessage(path, this.#temporaryDirectory);
  }

  onChange(listener: (account: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async setPassword(name: string, password: string): Promise<void> {
    await using account = await this.open(name);
    await setPassword({ account, shared: this.#inUse.get(name)! }, password, this.#clock.now());
  }

  async addAppPassword(name: string, options: { name: string; scopes: readonly AppPasswordScope[] }): Promise<string> {
    await using account = await this.open(name);
    return await addAppPassword({ account, shared: this.#inUse.get(name)! }, options, this.#clock.now());
  }

  async removeAppPassword(account: string, name: string): Promise<number | undefined> {
    await using opened = await this.open(account);
    return await this.#inUse.get(opened.name)!.write('removeAppPassword', { name });
  }

  async noteAppPasswordUse(account: string, id: number): Promise<void> {
    await using opened = await this.open(account);
    await this.#inUse.get(opened.name)!.write('noteAppPasswordUse', { id, now: this.#clock.now() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#inUse[Symbol.asyncDispose]();
    } finally {
      await this.#sharing[Symbol.asyncDispose]();
      this.#textIndex?.readers[Symbol.dispose]();
      await this.#textIndex?.thread[Symbol.asyncDispose]();
    }
  }

  #directory(name: string): string {
    return join(this.#options.dataDirectory, 'accounts', name);
  }

  #isThere(name: string): boolean {
    return existsSync(join(this.#directory(name), 'index.db'));
  }

  async #openShared(name: string): Promise<SharedAccount> {
    const { engine, defaultMailboxes = usualMailboxes, checkWhenClosed = false } = this.#options;
    return await openSharedAccount(name, {
      ...{ engine, defaultMailboxes, checkWhenClosed },
      directory: this.#directory(name),
      now: () => this.#clock.now(),
      uidValidityFloor: this.#uidValidityFloor,
      sharing: this.#sharing,
      log: this.#log,
      textIndex: this.#textIndex,
      onChange: () => {
        for (const listener of this.#listeners) listener(name);
      },
    });
  }

  async #noteUidValidity(shared: SharedAccount): Promise<void> {
    const row = await shared.database.read((reader) =>
      reader.first<{ next: number }>('SELECT next_uid_validity AS next FROM account'),
    );
    this.#uidValidityFloor = Math.max(this.#uidValidityFloor, row!.next);
  }
}
