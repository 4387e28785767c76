import type { AccountDatabaseReader } from '../account-database.ts';
import { normaliseMailboxName } from '../mailbox-name.ts';
import { objectIdColumns } from '../object-ids.ts';
import { MailboxNameError } from '../store-errors.ts';
import type { Mailbox, MailboxState, SpecialUse } from './mailbox.ts';

const mailboxColumns = `id, mailboxes.name, uid_validity AS uidValidity, uid_next AS uidNext, special_use AS specialUse, keywords,
  subscriptions.name IS NOT NULL AS subscribed, modseq, messages, unseen, deleted, size AS sizeBytes, recent_uid AS recentUid,
  ${objectIdColumns.mailbox} AS objectId`;
const mailboxTables = 'mailboxes LEFT JOIN subscriptions ON subscriptions.name = mailboxes.name';
const mailboxQuery = `SELECT ${mailboxColumns} FROM ${mailboxTables} WHERE expunged = 0`;

interface StoredMailbox extends Omit<Mailbox, 'specialUse' | 'keywords' | 'subscribed'> {
  specialUse: string;
  keywords: string;
  subscribed: number;
}

/** The mailboxes of an account, at one instant. */
export class MailboxReader {
  readonly #reader: AccountDatabaseReader;

  constructor(reader: AccountDatabaseReader) {
    this.#reader = reader;
  }

  /** All live mailboxes, by name. */
  async all(): Promise<Mailbox[]> {
    const rows = await this.#reader.all<StoredMailbox>(`${mailboxQuery} ORDER BY mailboxes.name`);
    return rows.map(toMailbox);
  }

  async named(name: string): Promise<Mailbox | undefined> {
    const normal = normalised(name);
    if (normal === undefined) return undefined;
    const row = await this.#reader.first<StoredMailbox>(`${mailboxQuery} AND mailboxes.name = ?`, [normal]);
    return row === undefined ? undefined : toMailbox(row);
  }

  /** The same, only which it is: answered by the index. */
  async idOf(name: string): Promise<number | undefined> {
    const normal = normalised(name);
    if (normal === undefined) return undefined;
    const query = 'SELECT id FROM mailboxes WHERE name = ? AND expunged = 0';
    return (await this.#reader.first<{ id: number }>(query, [normal]))?.id;
  }

  async byId(id: number): Promise<Mailbox | undefined> {
    const row = await this.#reader.first<StoredMailbox>(`${mailboxQuery} AND id = ?`, [id]);
    return row === undefined ? undefined : toMailbox(row);
  }

  /** The same, only what says which messages it has. */
  async state(id: number): Promise<MailboxState | undefined> {
    return await this.#reader.first<MailboxState>(
      'SELECT id, uid_validity AS uidValidity, modseq, messages FROM mailboxes WHERE id = ? AND expunged = 0',
      [id],
    );
  }

  /** Mailboxes that were made, changed or deleted after a MODSEQ, or hold a message that was. */
  async changedSince(modseq: number): Promise<(Mailbox & { readonly expunged: boolean })[]> {
    const rows = await this.#reader.all<StoredMailbox & { expunged: number }>(
      `SELECT ${mailboxColumns}, expunged FROM ${mailboxTables} WHERE modseq > ?`,
      [modseq],
    );
    return rows.map((row) => ({ ...toMailbox(row), expunged: row.expunged === 1 }));
  }

  /** Subscribed names, also of mailboxes that don't exist any more (RFC 9051 §6.3.7). */
  async subscriptions(): Promise<string[]> {
    const rows = await this.#reader.all<{ name: string }>('SELECT name FROM subscriptions ORDER BY name');
    return rows.map(({ name }) => name);
  }

  /** Bytes of a mailbox's messages that have \Deleted. */
  async deletedBytes(mailboxId: number): Promise<number> {
    const row = await this.#reader.first<{ bytes: number }>(
      'SELECT coalesce(sum(size), 0) AS bytes FROM messages WHERE mailbox_id = ? AND expunged = 0 AND (flags & 8) = 8',
      [mailboxId],
    );
    return row!.bytes;
  }

  /** Messages of a mailbox from a UID on. */
  async countFrom(mailboxId: number, uid: number): Promise<number> {
    const row = await this.#reader.first<{ count: number }>(
      'SELECT count(*) AS count FROM messages WHERE mailbox_id = ? AND uid >= ? AND expunged = 0',
      [mailboxId, uid],
    );
    return row!.count;
  }

  /** Secret that URLs of a mailbox are authorised with; undefined while none is. */
  async urlKey(mailboxId: number): Promise<Uint8Array | undefined> {
    const row = await this.#reader.first<{ key: Uint8Array }>('SELECT key FROM url_keys WHERE mailbox_id = ?', [
      mailboxId,
    ]);
    return row?.key;
  }
}

function toMailbox(row: StoredMailbox): Mailbox {
  return {
    ...row,
    specialUse: row.specialUse === '' ? [] : (row.specialUse.split(' ') as SpecialUse[]),
    keywords: JSON.parse(row.keywords) as string[],
    subscribed: row.subscribed === 1,
  };
}

/** @returns undefined for what is no name of a mailbox */
function normalised(name: string): string | undefined {
  try {
    return normaliseMailboxName(name);
  } catch (error) {
    if (error instanceof MailboxNameError) return undefined;
    throw error;
  }
}
