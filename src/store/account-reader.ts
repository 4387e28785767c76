import type { AccountDatabaseReader } from './account-database.ts';
import { AnnotationReader } from './annotations/annotation-reader.ts';
import { DeliveryReader } from './deliveries/delivery-reader.ts';
import { ImportRows } from './imports/import-rows.ts';
import { MailboxReader } from './mailboxes/mailbox-reader.ts';
import { ChangeReader } from './messages/change-reader.ts';
import { MessageReader } from './messages/message-reader.ts';
import type { SharedChanges } from './messages/shared-changes.ts';
import { UidReader } from './messages/uid-reader.ts';
import { PasswordReader } from './passwords/password-reader.ts';
import type { QuotaLimits, QuotaUse } from './quota.ts';
import { StoredRows } from './restore/stored-rows.ts';
import { SharingReader } from './sharing/sharing-reader.ts';

/** Reads of one instant, by subject; those of the account itself are here. A function that reads one subject takes that reader only. */
export class AccountReader {
  readonly mailboxes: MailboxReader;
  readonly messages: MessageReader;
  readonly uids: UidReader;
  readonly changes: ChangeReader;
  readonly sharing: SharingReader;
  readonly deliveries: DeliveryReader;
  readonly annotations: AnnotationReader;
  readonly passwords: PasswordReader;
  /** What imports from other servers have brought. */
  readonly imports: ImportRows;
  /** What restoring compares and copies. */
  readonly stored: StoredRows;
  readonly #reader: AccountDatabaseReader;
  readonly #quota: QuotaLimits;
  readonly #noteModseq: ((modseq: number) => void) | undefined;

  /**
   * @param quota by configuration: an account's own limit comes before it
   * @param sharedChanges of all that read the account
   * @param noteModseq told of the MODSEQ when it is read
   */
  constructor(
    reader: AccountDatabaseReader,
    quota: QuotaLimits = {},
    sharedChanges?: SharedChanges,
    noteModseq?: (modseq: number) => void,
  ) {
    this.mailboxes = new MailboxReader(reader);
    this.messages = new MessageReader(reader);
    this.uids = new UidReader(reader);
    this.changes = new ChangeReader(reader, sharedChanges);
    this.sharing = new SharingReader(reader, this.mailboxes);
    this.deliveries = new DeliveryReader(reader);
    this.annotations = new AnnotationReader(reader);
    this.passwords = new PasswordReader(reader);
    this.imports = new ImportRows(reader);
    this.stored = new StoredRows(reader);
    this.#reader = reader;
    this.#quota = quota;
    this.#noteModseq = noteModseq;
  }

  /** When the account was made, milliseconds: with its name, what an access control list means by it. */
  async createdAt(): Promise<number> {
    return (await this.#reader.first<{ at: number }>('SELECT created_at AS at FROM account'))!.at;
  }

  /** MODSEQ of the last change in the account. */
  async modseq(): Promise<number> {
    const { modseq } = (await this.#reader.first<{ modseq: number }>('SELECT modseq FROM account'))!;
    this.#noteModseq?.(modseq);
    return modseq;
  }

  async quota(): Promise<QuotaUse> {
    const row = (await this.#reader.first<{ usedBytes: number; limitBytes: number | null; messages: number }>(
      'SELECT used_bytes AS usedBytes, quota_bytes AS limitBytes, messages FROM account',
    ))!;
    return { ...row, limitBytes: row.limitBytes ?? this.#quota.bytes, limitMessages: this.#quota.messages };
  }
}
