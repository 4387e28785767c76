import type { Transactor } from '../../database/engine.ts';
import type { QuotaLimits } from '../quota.ts';
import { MailboxNotFoundError, OverQuotaError } from '../store-errors.ts';

/** A mailbox row while an operation changes it. */
export interface MailboxRecord {
  id: number;
  parent_id: number | null;
  name: string;
  uid_validity: number;
  uid_next: number;
  special_use: string;
  keywords: string;
  modseq: number;
  create_seq: number;
  messages: number;
  unseen: number;
  deleted: number;
  size: number;
}

interface AccountRecord {
  modseq: number;
  next_uid_validity: number;
  used_bytes: number;
  messages: number;
  quota_bytes: number | null;
}

export type AccountTransactor = Transactor<unknown>;

const mailboxColumns =
  'id, parent_id, name, uid_validity, uid_next, special_use, keywords, modseq, create_seq, messages, unseen, deleted, size';

/**
 * The rows that nearly every operation changes: the account's, and of each mailbox it touches. They are read once, changed in
 * memory, and written by {@link finish}. All that one operation changes has one MODSEQ.
 */
export class AccountChange {
  readonly transactor: AccountTransactor;
  readonly account: AccountRecord;
  readonly modseq: number;
  readonly #mailboxes = new Map<number, MailboxRecord>();
  #used = false;

  private constructor(transactor: AccountTransactor, account: AccountRecord) {
    this.transactor = transactor;
    this.account = account;
    this.modseq = account.modseq + 1;
  }

  /**
   * @param bytes, messages that the account is to hold besides; fewer than it holds now always have room
   * @param quota by configuration: an account's own limit comes before it
   * @throws OverQuotaError
   */
  checkQuota(bytes: number, messages: number, quota: QuotaLimits): void {
    const { used_bytes: used, messages: held, quota_bytes: own } = this.account;
    const limit = own ?? quota.bytes;
    if (limit !== undefined && bytes > 0 && used + bytes > limit) throw new OverQuotaError(used, bytes, limit);
    if (quota.messages !== undefined && messages > 0 && held + messages > quota.messages) {
      throw new OverQuotaError(held, messages, quota.messages, 'messages');
    }
  }

  static async begin(transactor: AccountTransactor): Promise<AccountChange> {
    const account = await transactor.first<AccountRecord>(
      'SELECT modseq, next_uid_validity, used_bytes, messages, quota_bytes FROM account WHERE id = 1',
    );
    return new AccountChange(transactor, account!);
  }

  /** @throws MailboxNotFoundError */
  async mailbox(id: number): Promise<MailboxRecord> {
    const known = this.#mailboxes.get(id);
    if (known !== undefined) return known;
    const row = await this.transactor.first<MailboxRecord>(
      `SELECT ${mailboxColumns} FROM mailboxes WHERE id = ? AND expunged = 0`,
      [id],
    );
    if (row === undefined) throw new MailboxNotFoundError(id);
    this.#mailboxes.set(id, row);
    return row;
  }

  async findMailbox(name: string): Promise<MailboxRecord | undefined> {
    for (const known of this.#mailboxes.values()) if (known.name === name) return known;
    const row = await this.transactor.first<MailboxRecord>(
      `SELECT ${mailboxColumns} FROM mailboxes WHERE name = ? AND expunged = 0`,
      [name],
    );
    if (row === undefined) return undefined;
    const known = this.#mailboxes.get(row.id);
    if (known !== undefined) return known.name === name ? known : undefined;
    this.#mailboxes.set(row.id, row);
    return row;
  }

  /** Says that something in the mailbox changes, so that the operation's MODSEQ is used. */
  touch(mailbox: MailboxRecord): void {
    mailbox.modseq = this.modseq;
    this.#used = true;
  }

  /** A mailbox that the operation inserts. */
  adopt(mailbox: MailboxRecord): void {
    this.#mailboxes.set(mailbox.id, mailbox);
    this.#used = true;
  }

  takeUidValidity(): number {
    this.#used = true;
    return this.account.next_uid_validity++;
  }

  /** Something that belongs to no mailbox has changed. */
  touchAccount(): void {
    this.#used = true;
  }

  /** Writes what has changed. @returns MODSEQ of the account now */
  async finish(): Promise<number> {
    if (!this.#used) return this.account.modseq;
    for (const mailbox of this.#mailboxes.values()) {
      if (mailbox.modseq !== this.modseq) continue;
      await this.transactor.run(
        `UPDATE mailboxes SET parent_id = ?, name = ?, uid_validity = ?, uid_next = ?, special_use = ?, keywords = ?,
         modseq = ?, messages = ?, unseen = ?, deleted = ?, size = ? WHERE id = ?`,
        [
          mailbox.parent_id,
          mailbox.name,
          mailbox.uid_validity,
          mailbox.uid_next,
          mailbox.special_use,
          mailbox.keywords,
          mailbox.modseq,
          mailbox.messages,
          mailbox.unseen,
          mailbox.deleted,
          mailbox.size,
          mailbox.id,
        ],
      );
    }
    const { account } = this;
    account.modseq = this.modseq;
    await this.transactor.run(
      'UPDATE account SET modseq = ?, next_uid_validity = ?, used_bytes = ?, messages = ? WHERE id = 1',
      [account.modseq, account.next_uid_validity, account.used_bytes, account.messages],
    );
    return account.modseq;
  }
}
