import type { MessageStructure } from '../message/structure.ts';
import type {
  AccountReader,
  Mailbox,
  MessageChange,
  MessageRow,
  ReadMessagesOptions,
  RenderedMessageRow,
  SpecialUse,
  StoredCredentials,
  UidSelection,
} from './account.ts';
import type { AccountDatabaseReader } from './account-database.ts';
import { normaliseMailboxName } from './mailbox-name.ts';
import { shiftStructure } from './shift-structure.ts';
import { MailboxNameError, MessageFileError } from './store-errors.ts';

const noKeywords: readonly string[] = [];

const mailboxQuery = `SELECT id, mailboxes.name, uid_validity AS uidValidity, uid_next AS uidNext, special_use AS specialUse, keywords,
  subscriptions.name IS NOT NULL AS subscribed, modseq, messages, unseen, deleted, size AS sizeBytes
  FROM mailboxes LEFT JOIN subscriptions ON subscriptions.name = mailboxes.name WHERE expunged = 0`;

const narrowColumns = `uid, messages.modseq, flags AS flagBits, messages.keywords, content_id AS contentId, size AS sizeBytes,
  received_at AS receivedAt, saved_at AS savedAt, create_seq AS createSeq, messages.thread_id AS threadId`;

const renderedColumns = `${narrowColumns}, prefix, file_size AS fileSizeBytes, envelope, body_structure AS bodyStructure`;

/** A selection of at most this much more UIDs than it names is read as one range, and what was not asked for is left out after. */
const maxSparseness = 2;

interface StoredMailbox extends Omit<Mailbox, 'specialUse' | 'keywords' | 'subscribed'> {
  specialUse: string;
  keywords: string;
  subscribed: number;
}

/** Reads of one instant. Rows become objects in place: FETCH asks for thousands. */
export class DatabaseAccountReader implements AccountReader {
  readonly #reader: AccountDatabaseReader;
  readonly #defaultQuotaBytes: number | undefined;

  /** @param defaultQuotaBytes limit of accounts that have none of their own */
  constructor(reader: AccountDatabaseReader, defaultQuotaBytes?: number) {
    this.#reader = reader;
    this.#defaultQuotaBytes = defaultQuotaBytes;
  }

  async mailboxes(): Promise<Mailbox[]> {
    const rows = await this.#reader.all<StoredMailbox>(`${mailboxQuery} ORDER BY mailboxes.name`);
    return rows.map(toMailbox);
  }

  async mailbox(name: string): Promise<Mailbox | undefined> {
    let normal: string;
    try {
      normal = normaliseMailboxName(name);
    } catch (error) {
      if (error instanceof MailboxNameError) return undefined;
      throw error;
    }
    const row = await this.#reader.first<StoredMailbox>(`${mailboxQuery} AND mailboxes.name = ?`, [normal]);
    return row === undefined ? undefined : toMailbox(row);
  }

  async mailboxById(id: number): Promise<Mailbox | undefined> {
    const row = await this.#reader.first<StoredMailbox>(`${mailboxQuery} AND id = ?`, [id]);
    return row === undefined ? undefined : toMailbox(row);
  }

  async subscriptions(): Promise<string[]> {
    const rows = await this.#reader.all<{ name: string }>('SELECT name FROM subscriptions ORDER BY name');
    return rows.map(({ name }) => name);
  }

  async modseq(): Promise<number> {
    return (await this.#reader.first<{ modseq: number }>('SELECT modseq FROM account'))!.modseq;
  }

  async uids(mailboxId: number): Promise<Uint32Array> {
    return toUids(
      await this.#reader.all<{ uid: number }>('SELECT uid FROM messages WHERE mailbox_id = ? AND expunged = 0', [
        mailboxId,
      ]),
    );
  }

  async uidsWithFlags(mailboxId: number, all: number, none: number): Promise<Uint32Array> {
    return toUids(
      await this.#reader.all<{ uid: number }>(
        'SELECT uid FROM messages WHERE mailbox_id = ? AND expunged = 0 AND (flags & ?) = ?',
        [mailboxId, all | none, all],
      ),
    );
  }

  async firstUidWithFlags(mailboxId: number, all: number, none: number): Promise<number | undefined> {
    const row = await this.#reader.first<{ uid: number }>(
      'SELECT uid FROM messages WHERE mailbox_id = ? AND expunged = 0 AND (flags & ?) = ? ORDER BY uid LIMIT 1',
      [mailboxId, all | none, all],
    );
    return row?.uid;
  }

  async changesSince(mailboxId: number, modseq: number): Promise<MessageChange[]> {
    const rows = await this.#reader.all<MessageChange>(
      `SELECT uid, modseq, flags AS flagBits, keywords, expunged, create_seq AS createSeq
       FROM messages WHERE mailbox_id = ? AND modseq > ? ORDER BY uid`,
      [mailboxId, modseq],
    );
    for (const row of rows) {
      takeKeywords(row);
      (row as { expunged: unknown }).expunged = (row.expunged as unknown) === 1;
    }
    return rows;
  }

  async messages(
    mailboxId: number,
    uids: UidSelection,
    from?: number,
    to?: number,
    options?: ReadMessagesOptions,
  ): Promise<MessageRow[]> {
    return await this.#select<MessageRow>(narrowColumns, '', mailboxId, uids, from, to, options);
  }

  async renderedMessages(
    mailboxId: number,
    uids: UidSelection,
    from?: number,
    to?: number,
    options?: ReadMessagesOptions,
  ): Promise<RenderedMessageRow[]> {
    const join = 'JOIN contents ON contents.id = content_id';
    return await this.#select<RenderedMessageRow>(renderedColumns, join, mailboxId, uids, from, to, options);
  }

  async structure(contentId: number): Promise<MessageStructure> {
    const row = await this.#reader.first<{ structure: string; prefixBytes: number }>(
      'SELECT structure, length(prefix) AS prefixBytes FROM contents WHERE id = ?',
      [contentId],
    );
    if (row === undefined) throw new MessageFileError('describe', String(contentId), 'it has been removed');
    return shiftStructure(JSON.parse(row.structure) as MessageStructure, row.prefixBytes);
  }

  async quota(): Promise<{ usedBytes: number; limitBytes: number | undefined; messages: number }> {
    const row = (await this.#reader.first<{ usedBytes: number; limitBytes: number | null; messages: number }>(
      'SELECT used_bytes AS usedBytes, quota_bytes AS limitBytes, messages FROM account',
    ))!;
    return { ...row, limitBytes: row.limitBytes ?? this.#defaultQuotaBytes };
  }

  async annotations(mailboxId: number | undefined): Promise<{ key: string; value: Uint8Array }[]> {
    return await this.#reader.all('SELECT key, value FROM annotations WHERE mailbox_id = ? ORDER BY key', [
      mailboxId ?? 0,
    ]);
  }

  async credentials(): Promise<StoredCredentials | undefined> {
    return await this.#reader.first<StoredCredentials>(
      'SELECT argon2id, scram_sha1 AS scramSha1, scram_sha256 AS scramSha256 FROM credentials',
    );
  }

  async changesKnownSince(): Promise<number> {
    return (await this.#reader.first<{ since: number }>('SELECT changes_known_since AS since FROM account'))!.since;
  }

  async #select<Row extends MessageRow>(
    columns: string,
    join: string,
    mailboxId: number,
    uids: UidSelection,
    from = 1,
    to = 0xffff_ffff,
    options: ReadMessagesOptions = {},
  ): Promise<Row[]> {
    const live = options.includeExpunged === true ? '' : 'AND expunged = 0';
    let low = from;
    let high = to;
    let wanted: readonly number[] | Uint32Array | undefined;
    if (uids !== 'all') {
      const start = lowerBound(uids, from);
      const end = lowerBound(uids, to + 1);
      if (start === end) return [];
      const count = end - start;
      low = uids[start]!;
      high = uids[end - 1]!;
      const span = high - low + 1;
      if (span > count) wanted = start === 0 && end === uids.length ? uids : uids.slice(start, end);
      if (span > count * maxSparseness) {
        const rows = await this.#reader.all<Row>(
          `SELECT ${columns} FROM json_each(?) CROSS JOIN messages ${join} WHERE mailbox_id = ? AND uid = value ${live}`,
          [`[${wanted!.join(',')}]`, mailboxId],
        );
        for (const row of rows) takeKeywords(row);
        return rows;
      }
    }
    const rows = await this.#reader.all<Row>(
      `SELECT ${columns} FROM messages ${join} WHERE mailbox_id = ? AND uid BETWEEN ? AND ? ${live} ORDER BY uid`,
      [mailboxId, low, high],
    );
    for (const row of rows) takeKeywords(row);
    return wanted === undefined ? rows : keepWanted(rows, wanted);
  }
}

function keepWanted<Row extends MessageRow>(rows: Row[], wanted: readonly number[] | Uint32Array): Row[] {
  let next = 0;
  return rows.filter(({ uid }) => {
    while (next < wanted.length && wanted[next]! < uid) next++;
    return wanted[next] === uid;
  });
}

/** @returns index of the first UID that is not below `uid` */
function lowerBound(uids: readonly number[] | Uint32Array, uid: number): number {
  let low = 0;
  let high = uids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (uids[middle]! < uid) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Turns the JSON of a row into the list it stands for. */
function takeKeywords(row: { readonly keywords: readonly string[] }): void {
  const text = row.keywords as unknown as string | null;
  (row as { keywords: readonly string[] }).keywords = text === null ? noKeywords : parseKeywords(text);
}

/** @param text as in a message row: a JSON array */
export function parseKeywords(text: string): readonly string[] {
  return JSON.parse(text) as string[];
}

function toUids(rows: readonly { uid: number }[]): Uint32Array {
  const uids = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) uids[i] = rows[i]!.uid;
  return uids;
}

function toMailbox(row: StoredMailbox): Mailbox {
  return {
    ...row,
    specialUse: row.specialUse === '' ? [] : (row.specialUse.split(' ') as SpecialUse[]),
    keywords: JSON.parse(row.keywords) as string[],
    subscribed: row.subscribed === 1,
  };
}
