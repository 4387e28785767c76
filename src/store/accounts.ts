import type { Account } from './account.ts';
import type { CopiedMessages } from './messages/message-writer.ts';
import type { MessageIntake, ReceivedFile } from './messages/received-file.ts';
import type { AppPasswordScope } from './passwords/app-password.ts';
import type { Transfer } from './sharing/transfer-messages.ts';

/** All accounts of a data directory. */
export interface Accounts extends AsyncDisposable {
  /** Opens an account, creating it with its default mailboxes on first use. Shared; dispose of each opening. */
  open(name: string): Promise<Account>;
  exists(name: string): Promise<boolean>;
  list(): Promise<string[]>;
  /**
   * Takes a directory, on the same file system, that holds a whole account, as the account of a name. Nobody may have that.
   * @throws AccountExistsError
   */
  install(name: string, directory: string): Promise<void>;
  /** Removes an account and all its mail. No session may have it open: it is closed first. */
  remove(name: string): Promise<void>;
  /** Other accounts that may share a mailbox with a user; each is to be asked. At most `limits.sharingAccounts`, by name. */
  sharingWith(user: string): Promise<string[]>;
  /** See `sharing/transfer-messages.ts`. */
  transferMessages(transfer: Transfer): AsyncGenerator<CopiedMessages>;
  startMessage(options?: { limitBytes?: number }): Promise<MessageIntake>;
  /** Like `Account.onChange`, of all accounts that are open: the listener is told the name. */
  onChange(listener: (account: string) => void): () => void;
  /**
   * Takes a message file that exists and never changes, on the same file system: hard-linked into `tmp/`, read, hashed and parsed.
   * @param path absolute. @throws MessageFileError
   */
  adopt(path: string): Promise<ReceivedFile>;
  /** Sets the account's own password. App passwords stay valid. */
  setPassword(name: string, password: string): Promise<void>;
  /**
   * Makes a random password for a single program.
   * @returns the password, which nobody can read again
   * @throws AppPasswordNameError, StoreLimitError
   */
  addAppPassword(account: string, options: { name: string; scopes: readonly AppPasswordScope[] }): Promise<string>;
  /** @returns the id of the one that is gone; undefined when there was none of that name */
  removeAppPassword(account: string, name: string): Promise<number | undefined>;
  /** Notes when an app password was used last. */
  noteAppPasswordUse(account: string, id: number): Promise<void>;
}
