import type { MessageStructure } from '../message/structure.ts';
import { nextTurn } from '../runtime/turns.ts';
import type {
  AccountReader,
  AppPasswordScope,
  ChangedAnnotation,
  ContentOrigin,
  ContentPlaces,
  Mailbox,
  MessageChange,
  MessageFlags,
  MessageRow,
  ObjectIds,
  QuotaLimits,
  QuotaUse,
  ReadMessagesOptions,
  ReceivedFile,
  RenderedMessageRow,
  SpecialUse,
  StoredAppPassword,
  StoredCredentials,
  ThreadFieldsRow,
  UidSelection,
} from './account.ts';
import type { AccountDatabaseReader } from './account-database.ts';
import { describeContent } from './content-facts.ts';
import { type OriginRow, originColumns, toOrigin } from './content-origin.ts';
import { ImportRows } from './imports/import-rows.ts';
import { normaliseMailboxName } from './mailbox-name.ts';
import { numberOfObject, objectIdColumns } from './object-ids.ts';
import type { ArrivedMove } from './operations/add-messages.ts';
import { StoredRows } from './restore/stored-rows.ts';
import type { SharedChanges } from './shared-changes.ts';
import { type AclEntry, anyone, effectiveRights, type MailUser, type Rights } from './sharing/rights.ts';
import { shiftStructure } from './shift-structure.ts';
import { splitAddress } from './split-address.ts';
import { MailboxNameError, MessageFileError } from './store-errors.ts';

const noKeywords: readonly string[] = [];
const noBytes = new Uint8Array(0);

const mailboxColumns = `id, mailboxes.name, uid_validity AS uidValidity, uid_next AS uidNext, special_use AS specialUse, keywords,
  subscriptions.name IS NOT NULL AS subscribed, modseq, messages, unseen, deleted, size AS sizeBytes, ${objectIdColumns.mailbox} AS objectId`;
const mailboxTables = 'mailboxes LEFT JOIN subscriptions ON subscriptions.name = mailboxes.name';
const mailboxQuery = `SELECT ${mailboxColumns} FROM ${mailboxTables} WHERE expunged = 0`;

const columnsOfMessages = {
  uid: 'uid',
  modseq: 'messages.modseq',
  flagBits: 'flags AS flagBits',
  keywords: 'messages.keywords',
  contentId: 'content_id AS contentId',
  sizeBytes: 'size AS sizeBytes',
  receivedAt: 'received_at AS receivedAt',
  savedAt: 'saved_at AS savedAt',
  createSeq: 'create_seq AS createSeq',
  threadId: 'messages.thread_id AS threadId',
} satisfies Record<keyof MessageRow, string>;
const columnsOfContents: Record<string, string> = {
  // A blob costs more than all other columns together, and most of those that clients have appended are empty.
  prefix: "nullif(prefix, x'') AS prefix",
  fileSizeBytes: 'file_size AS fileSizeBytes',
  envelope: 'envelope',
  bodyStructure: 'body_structure AS bodyStructure',
} satisfies Record<Exclude<keyof RenderedMessageRow, keyof MessageRow | keyof ObjectIds>, string>;
const narrowColumns = Object.values(columnsOfMessages).join(', ');
const renderedColumns = Object.values({ ...columnsOfMessages, ...columnsOfContents }).join(', ');
/** Read only when they are named. */
const everyColumn: Record<string, string> = {
  ...columnsOfMessages,
  ...columnsOfContents,
  emailObjectId: `${objectIdColumns.email} AS emailObjectId`,
  threadObjectId: `${objectIdColumns.thread} AS threadObjectId`,
};
const ofContents: ReadonlySet<string> = new Set([...Object.keys(columnsOfContents), 'threadObjectId']);
/** Read whatever else is asked for. */
const alwaysRead: readonly string[] = ['uid', 'modseq', 'flagBits', 'keywords'];

/** SQL of a set of columns, by their names: there are few sets. */
const columnTexts = new Map<string, string>();

function columnsText(names: readonly string[]): string {
  const key = names.join();
  let text = columnTexts.get(key);
  if (text === undefined) {
    text = [...new Set([...alwaysRead, ...names])].map((name) => everyColumn[name]).join(', ');
    columnTexts.set(key, text);
  }
  return text;
}

/** As texts: rows cost three times as much. Where there are keywords, rows are read. */
const flagsQuery = `SELECT group_concat(uid) AS uids, group_concat(flags) AS flags, max(keywords) AS keywords, count(*) AS count
  FROM (SELECT uid, flags, keywords FROM messages WHERE mailbox_id = ? AND uid BETWEEN ? AND ? ORDER BY uid)`;
const flagsWithModseqQuery = flagsQuery
  .replace('AS uids,', 'AS uids, group_concat(modseq) AS modseqs,')
  .replace('uid, flags,', 'uid, modseq, flags,');

/** UIDs read in one step: some milliseconds. */
const uidsAtOnce = 20_000;

/** Changes read in one step. */
const changesAtOnce = 500;
const changeColumns = 'uid, modseq, flags AS flagBits, keywords, expunged, create_seq AS createSeq';

const joinContents = 'JOIN contents ON contents.id = content_id';

/** Looks among what was refused only: `contents_rejects` has nothing else. */
export const rejectsLikeSql = `SELECT uid FROM contents CROSS JOIN messages ON messages.content_id = contents.id AND messages.expunged = 0
  WHERE is_reject = 1 AND message_id_hash IS ? AND sha256 = coalesce(?, sha256) AND mailbox_id = ? ORDER BY uid`;

/** Refused messages that are removed in one step. */
const rejectsAtOnce = 1_000;

/** A selection of at most this much more UIDs than it names is read as one range, and what was not asked for is left out after. */
const maxSparseness = 2;

interface StoredMailbox extends Omit<Mailbox, 'specialUse' | 'keywords' | 'subscribed'> {
  specialUse: string;
  keywords: string;
  subscribed: number;
}

/** Reads of one instant. Rows become objects in place: FETCH asks for thousands. */
export class DatabaseAccountReader implements AccountReader {
  readonly stored: StoredRows;
  readonly imports: ImportRows;
  readonly #reader: AccountDatabaseReader;
  readonly #quota: QuotaLimits;
  readonly #sharedChanges: SharedChanges | undefined;

  /**
   * @param quota by configuration: an account's own limit comes before it
   * @param sharedChanges of all that read the account
   */
  constructor(reader: AccountDatabaseReader, quota: QuotaLimits = {}, sharedChanges?: SharedChanges) {
    this.#reader = reader;
    this.stored = new StoredRows(reader);
    this.imports = new ImportRows(reader);
    this.#quota = quota;
    this.#sharedChanges = sharedChanges;
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

  async acl(mailboxId: number): Promise<AclEntry[]> {
    return await this.#reader.all(
      'SELECT identifier, account_created_at AS accountCreatedAt, rights FROM acl WHERE mailbox_id = ? ORDER BY identifier',
      [mailboxId],
    );
  }

  async sharedWith(user: MailUser): Promise<{ mailbox: Mailbox; rights: Rights }[]> {
    const rows = await this.#reader.all<AclEntry & { mailboxId: number }>(
      `SELECT mailbox_id AS mailboxId, identifier, account_created_at AS accountCreatedAt, rights FROM acl
       WHERE ltrim(identifier, '-') IN (?, ?)`,
      [user.name, anyone],
    );
    if (rows.length === 0) return [];
    const byMailbox = Map.groupBy(rows, ({ mailboxId }) => mailboxId);
    const shared: { mailbox: Mailbox; rights: Rights }[] = [];
    for (const mailbox of await this.mailboxes()) {
      const rights = effectiveRights(byMailbox.get(mailbox.id) ?? [], user);
      if (rights !== '') shared.push({ mailbox, rights });
    }
    return shared;
  }

  async createdAt(): Promise<number> {
    return (await this.#reader.first<{ at: number }>('SELECT created_at AS at FROM account'))!.at;
  }

  async arrivedMove(id: Uint8Array): Promise<ArrivedMove | undefined> {
    const row = await this.#reader.first<
      Pick<ArrivedMove, 'account' | 'mailboxId' | 'targetMailboxId'> & { uids: string; targetUids: string }
    >(
      `SELECT account, from_mailbox_id AS mailboxId, from_uids AS uids, mailbox_id AS targetMailboxId, uids AS targetUids
       FROM arrived_moves WHERE id = ?`,
      [id],
    );
    if (row === undefined) return undefined;
    const [uids, targetUids] = [row.uids, row.targetUids].map((text) => JSON.parse(text) as number[]);
    return { ...row, id, uids: uids!, targetUids: targetUids! };
  }

  async mailboxesChangedSince(modseq: number): Promise<(Mailbox & { readonly expunged: boolean })[]> {
    const rows = await this.#reader.all<StoredMailbox & { expunged: number }>(
      `SELECT ${mailboxColumns}, expunged FROM ${mailboxTables} WHERE modseq > ?`,
      [modseq],
    );
    return rows.map((row) => ({ ...toMailbox(row), expunged: row.expunged === 1 }));
  }

  async hasChangesBetween(mailboxId: number, after: number, before: number): Promise<boolean> {
    const found = await this.#reader.first(
      'SELECT 1 FROM messages WHERE mailbox_id = ? AND modseq > ? AND modseq < ? LIMIT 1',
      [mailboxId, after, before],
    );
    return found !== undefined;
  }

  async subscriptions(): Promise<string[]> {
    const rows = await this.#reader.all<{ name: string }>('SELECT name FROM subscriptions ORDER BY name');
    return rows.map(({ name }) => name);
  }

  async changedMessages(
    mailboxId: number,
    after: { modseq: number; uid: number },
    limit: number,
  ): Promise<{ uid: number; modseq: number; contentId: number }[]> {
    const found: { uid: number; modseq: number; contentId: number }[] = [];
    for (let last = after; ; ) {
      const rows = await this.#reader.all<{ uid: number; modseq: number; contentId: number; expunged: number }>(
        `SELECT uid, modseq, content_id AS contentId, expunged FROM messages
         WHERE mailbox_id = ? AND (modseq, uid) > (?, ?) ORDER BY modseq, uid LIMIT ?`,
        [mailboxId, last.modseq, last.uid, changesAtOnce],
      );
      for (const { uid, modseq, contentId, expunged } of rows) {
        if (expunged === 0 && found.push({ uid, modseq, contentId }) === limit) return found;
      }
      if (rows.length < changesAtOnce) return found;
      last = rows.at(-1)!;
      await nextTurn();
    }
  }

  async rejectsLike(mailboxId: number, file: Pick<ReceivedFile, 'structure' | 'sha256'>): Promise<number[]> {
    const { messageIdHash } = describeContent(file.structure, new Uint8Array(0));
    const rows = await this.#reader.all<{ uid: number }>(rejectsLikeSql, [
      messageIdHash,
      messageIdHash === null ? file.sha256 : null,
      mailboxId,
    ]);
    return rows.map(({ uid }) => uid);
  }

  async rejectsBeyond(
    mailboxId: number,
    most: { messages: number; bytes: number; savedSince: number },
  ): Promise<number[]> {
    const rows = await this.#reader.all<{ uid: number; savedAt: number; size: number }>(
      `SELECT uid, saved_at AS savedAt, size FROM messages CROSS JOIN contents ON contents.id = content_id
       WHERE mailbox_id = ? AND expunged = 0 AND is_reject = 1 ORDER BY uid DESC LIMIT ?`,
      [mailboxId, most.messages + rejectsAtOnce],
    );
    let bytes = 0;
    const beyond = rows.filter(({ savedAt, size }, at) => {
      bytes += size;
      return at >= most.messages || bytes > most.bytes || savedAt < most.savedSince;
    });
    return beyond.map(({ uid }) => uid);
  }

  async originsOf(contentIds: readonly number[]): Promise<ContentOrigin[]> {
    const rows = await this.#reader.all<OriginRow>(
      `SELECT ${originColumns} FROM json_each(?) CROSS JOIN contents ON contents.id = value
       WHERE remote_address IS NOT NULL`,
      [JSON.stringify(contentIds)],
    );
    return rows.map(toOrigin);
  }

  async hasWrittenTo(address: string): Promise<boolean> {
    const { localpart, domain } = splitAddress(address);
    const found = await this.#reader.first('SELECT 1 FROM recipients WHERE domain = ? AND localpart = ?', [
      domain,
      localpart,
    ]);
    return found !== undefined;
  }

  async placesOf(contentIds: readonly number[]): Promise<ContentPlaces[]> {
    const ids = JSON.stringify(contentIds);
    const places = await this.#reader.all<ContentPlaces['places'][number] & { contentId: number }>(
      `SELECT content_id AS contentId, mailbox_id AS mailboxId, modseq, flags AS flagBits
       FROM messages WHERE content_id IN (SELECT value FROM json_each(?)) AND expunged = 0`,
      [ids],
    );
    const byContent = Map.groupBy(places, ({ contentId }) => contentId);
    const contents = await this.#reader.all<
      Omit<ContentPlaces, 'places' | 'isReceived' | 'isReject'> & { isReceived: number; isReject: number }
    >(
      `SELECT id AS contentId, prefix, file_size AS fileSizeBytes, original_mailbox_id AS originalMailboxId,
       remote_address IS NOT NULL AS isReceived, is_reject AS isReject FROM contents WHERE id IN (SELECT value FROM json_each(?))`,
      [ids],
    );
    return contents.map((content) => ({
      ...content,
      isReceived: content.isReceived === 1,
      isReject: content.isReject === 1,
      places: byContent.get(content.contentId) ?? [],
    }));
  }

  async modseq(): Promise<number> {
    return (await this.#reader.first<{ modseq: number }>('SELECT modseq FROM account'))!.modseq;
  }

  async uids(mailboxId: number): Promise<Uint32Array> {
    return await this.uidsWithFlags(mailboxId, 0, 0);
  }

  async uidsWithFlags(mailboxId: number, all: number, none: number, from = 1, to = 0xffff_ffff): Promise<Uint32Array> {
    const parts: Uint32Array[] = [];
    for (let after = from - 1; ; ) {
      // As one text: reading a million rows as objects takes five times as long.
      const row = await this.#reader.first<{ uids: string | null; count: number }>(
        `SELECT group_concat(uid) AS uids, count(*) AS count FROM (
           SELECT uid FROM messages WHERE mailbox_id = ? AND uid > ? AND uid <= ? AND expunged = 0 AND (flags & ?) = ?
           ORDER BY uid LIMIT ?)`,
        [mailboxId, after, to, all | none, all, uidsAtOnce],
      );
      parts.push(parseUids(row!.uids ?? '', row!.count));
      if (row!.count < uidsAtOnce) return parts.length === 1 ? parts[0]! : joinUids(parts);
      after = parts.at(-1)!.at(-1)!;
      await nextTurn();
    }
  }

  async firstUidWithFlags(mailboxId: number, all: number, none: number): Promise<number | undefined> {
    const row = await this.#reader.first<{ uid: number }>(
      'SELECT uid FROM messages WHERE mailbox_id = ? AND expunged = 0 AND (flags & ?) = ? ORDER BY uid LIMIT 1',
      [mailboxId, all | none, all],
    );
    return row?.uid;
  }

  async changesSince(mailboxId: number, modseq: number): Promise<readonly MessageChange[]> {
    const read = (): Promise<MessageChange[]> => this.#readChanges(mailboxId, modseq);
    if (this.#sharedChanges === undefined) return await read();
    return await this.#sharedChanges.read(mailboxId, modseq, await this.modseq(), read);
  }

  async #readChanges(mailboxId: number, modseq: number): Promise<MessageChange[]> {
    const few = await this.#reader.all<MessageChange>(
      `SELECT ${changeColumns} FROM messages WHERE mailbox_id = ? AND modseq > ? ORDER BY modseq, uid LIMIT ?`,
      [mailboxId, modseq, changesAtOnce],
    );
    if (few.length < changesAtOnce) {
      for (const row of few) {
        takeKeywords(row);
        toChange(row);
      }
      return few.sort((one, other) => one.uid - other.uid);
    }
    // By their UIDs, as they lie beside each other: one by one each would be looked up.
    const uids = await this.#uidsChangedSince(mailboxId, modseq);
    const changes: MessageChange[] = [];
    for (let at = 0; at < uids.length; at += changesAtOnce) {
      if (at > 0) await nextTurn();
      const step = uids.subarray(at, at + changesAtOnce);
      const rows = await this.#select<MessageChange & MessageRow>(changeColumns, '', mailboxId, step, 1, step.at(-1), {
        includeExpunged: true,
      });
      for (const row of rows) {
        toChange(row);
        changes.push(row);
      }
    }
    return changes;
  }

  async #uidsChangedSince(mailboxId: number, since: number): Promise<Uint32Array> {
    const parts: Uint32Array[] = [];
    for (let [modseq, uid] = [since, 0xffff_ffff]; ; ) {
      const row = await this.#reader.first<{ uids: string | null; count: number; modseq: number }>(
        `SELECT group_concat(uid) AS uids, count(*) AS count, max(modseq) AS modseq FROM (
           SELECT uid, modseq FROM messages WHERE mailbox_id = ? AND (modseq, uid) > (?, ?)
           ORDER BY modseq, uid LIMIT ?)`,
        [mailboxId, modseq, uid, uidsAtOnce],
      );
      parts.push(parseUids(row!.uids ?? '', row!.count));
      if (row!.count < uidsAtOnce) return joinUids(parts).sort();
      modseq = row!.modseq;
      uid = parts.at(-1)!.at(-1)!;
      await nextTurn();
    }
  }

  async flags(mailboxId: number, uids: Uint32Array, withModseq: boolean): Promise<MessageFlags[]> {
    const low = uids[0];
    const high = uids.at(-1);
    if (low === undefined || high === undefined) return [];
    if (high - low < uids.length * maxSparseness) {
      const row = await this.#reader.first<{ keywords: string | null; count: number } & Record<string, string | null>>(
        withModseq ? flagsWithModseqQuery : flagsQuery,
        [mailboxId, low, high],
      );
      if (row!.keywords === null) {
        const { count } = row!;
        const found = parseNumbers(row!.uids ?? '', new Uint32Array(count));
        const bits = parseNumbers(row!.flags ?? '', new Uint32Array(count));
        const modseqs = withModseq ? parseNumbers(row!.modseqs ?? '', new Float64Array(count)) : undefined;
        const messages: MessageFlags[] = [];
        for (let at = 0; at < count; at++) {
          messages.push({ uid: found[at]!, modseq: modseqs?.[at] ?? 0, flagBits: bits[at]!, keywords: noKeywords });
        }
        return high - low < uids.length ? messages : keepWanted(messages, uids);
      }
    }
    return await this.#select<MessageRow>('', '', mailboxId, uids, low, high, { includeExpunged: true, columns: [] });
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
    return await this.#select<RenderedMessageRow>(renderedColumns, joinContents, mailboxId, uids, from, to, options);
  }

  async envelopesWith(
    mailboxId: number,
    text: string | undefined,
    from: number,
    to: number,
  ): Promise<{ uid: number; envelope: string }[]> {
    // LIKE knows the case of ASCII only, which is enough where all is ASCII.
    const pattern = text === undefined ? '' : `%${text.replace(/[%_\\]/g, '\\$&')}%`;
    return await this.#reader.all(
      `SELECT uid, envelope FROM messages ${joinContents} WHERE mailbox_id = ? AND uid BETWEEN ? AND ? AND expunged = 0
       AND (envelope LIKE ? ESCAPE '\\' OR envelope GLOB '*=[?]*' OR octet_length(envelope) <> length(envelope))
       ORDER BY uid`,
      [mailboxId, from, to, pattern],
    );
  }

  async threadFields(mailboxId: number, uids: Uint32Array): Promise<ThreadFieldsRow[]> {
    const rows = await this.#reader.all<Record<keyof ThreadFieldsRow, never>>(
      `SELECT uid, received_at AS receivedAt, sent_at AS sentAt, subject, structure ->> '$.envelope.messageId' AS messageId,
       structure ->> '$.references' AS "references", structure ->> '$.envelope.inReplyTo' AS inReplyTo
       FROM json_each(?) CROSS JOIN messages ${joinContents} WHERE mailbox_id = ? AND uid = value AND expunged = 0`,
      [`[${uids.join(',')}]`, mailboxId],
    );
    return rows.map((row) => ({
      ...row,
      sentAt: row.sentAt ?? undefined,
      messageId: row.messageId ?? undefined,
      references: row.references ?? undefined,
      inReplyTo: row.inReplyTo ?? undefined,
    }));
  }

  async uidsOfObject(mailboxId: number, kind: 'M' | 'T', objectId: string): Promise<number[]> {
    const account = await this.#reader.first<{ createdAt: number }>('SELECT created_at AS createdAt FROM account');
    const number = numberOfObject(objectId, kind, account!.createdAt);
    if (number === undefined) return [];
    const rows =
      kind === 'M'
        ? await this.#reader.all<{ uid: number }>(
            'SELECT uid FROM messages WHERE content_id = ? AND mailbox_id = ? AND expunged = 0 ORDER BY uid',
            [number, mailboxId],
          )
        : await this.#reader.all<{ uid: number }>(
            `SELECT uid FROM (SELECT id FROM contents WHERE thread_id = ? AND given_thread_id IS NULL
             UNION ALL SELECT id FROM contents WHERE given_thread_id = ?)
             CROSS JOIN messages ON content_id = id AND expunged = 0 WHERE mailbox_id = ? ORDER BY uid`,
            [number, number, mailboxId],
          );
    return rows.map(({ uid }) => uid);
  }

  async structure(contentId: number): Promise<MessageStructure> {
    const row = await this.#reader.first<{ structure: string; prefixBytes: number }>(
      'SELECT structure, length(prefix) AS prefixBytes FROM contents WHERE id = ?',
      [contentId],
    );
    if (row === undefined) throw new MessageFileError('describe', String(contentId), 'it has been removed');
    return shiftStructure(JSON.parse(row.structure) as MessageStructure, row.prefixBytes);
  }

  async deletedBytes(mailboxId: number): Promise<number> {
    const row = await this.#reader.first<{ bytes: number }>(
      'SELECT coalesce(sum(size), 0) AS bytes FROM messages WHERE mailbox_id = ? AND expunged = 0 AND (flags & 8) = 8',
      [mailboxId],
    );
    return row!.bytes;
  }

  async quota(): Promise<QuotaUse> {
    const row = (await this.#reader.first<{ usedBytes: number; limitBytes: number | null; messages: number }>(
      'SELECT used_bytes AS usedBytes, quota_bytes AS limitBytes, messages FROM account',
    ))!;
    return { ...row, limitBytes: row.limitBytes ?? this.#quota.bytes, limitMessages: this.#quota.messages };
  }

  async annotations(mailboxId: number | undefined): Promise<{ key: string; value: Uint8Array }[]> {
    return await this.#reader.all('SELECT key, value FROM annotations WHERE mailbox_id = ? ORDER BY key', [
      mailboxId ?? 0,
    ]);
  }

  async annotationsChangedSince(modseq: number): Promise<ChangedAnnotation[]> {
    const rows = await this.#reader.all<{ mailboxId: number; mailbox: string | null; key: string; modseq: number }>(
      `SELECT mailbox_id AS mailboxId, mailboxes.name AS mailbox, key, changed.modseq FROM (
         SELECT mailbox_id, key, modseq FROM annotations WHERE modseq > ?
         UNION ALL SELECT mailbox_id, key, modseq FROM annotation_removals WHERE modseq > ?) AS changed
       LEFT JOIN mailboxes ON mailboxes.id = mailbox_id AND mailboxes.expunged = 0 ORDER BY mailbox_id, key`,
      [modseq, modseq],
    );
    return rows
      .filter(({ mailboxId, mailbox }) => mailboxId === 0 || mailbox !== null)
      .map(({ mailbox, key, modseq: changed }) => ({ mailbox: mailbox ?? undefined, key, modseq: changed }));
  }

  async urlKey(mailboxId: number): Promise<Uint8Array | undefined> {
    const row = await this.#reader.first<{ key: Uint8Array }>('SELECT key FROM url_keys WHERE mailbox_id = ?', [
      mailboxId,
    ]);
    return row?.key;
  }

  async credentials(): Promise<StoredCredentials | undefined> {
    return await this.#reader.first<StoredCredentials>(
      'SELECT argon2id, scram_sha1 AS scramSha1, scram_sha256 AS scramSha256 FROM credentials',
    );
  }

  async appPasswords(): Promise<StoredAppPassword[]> {
    type Row = Omit<StoredAppPassword, 'scopes' | 'lastUsedAt'> & { scopes: string; lastUsedAt: number | null };
    const rows = await this.#reader.all<Row>(
      `SELECT id, name, scopes, hash, scram_sha1 AS scramSha1, scram_sha256 AS scramSha256, created_at AS createdAt,
       last_used_at AS lastUsedAt FROM app_passwords ORDER BY name`,
    );
    return rows.map(({ scopes, lastUsedAt, ...row }) => ({
      ...row,
      scopes: scopes.split(' ') as AppPasswordScope[],
      lastUsedAt: lastUsedAt ?? undefined,
    }));
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
    if (options.columns !== undefined) {
      columns = columnsText(options.columns);
      join = options.columns.some((name) => ofContents.has(name)) ? joinContents : '';
    }
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
        for (const row of rows) takeColumns(row);
        return rows;
      }
    }
    const rows = await this.#reader.all<Row>(
      `SELECT ${columns} FROM messages ${join} WHERE mailbox_id = ? AND uid BETWEEN ? AND ? ${live} ORDER BY uid`,
      [mailboxId, low, high],
    );
    for (const row of rows) takeColumns(row);
    return wanted === undefined ? rows : keepWanted(rows, wanted);
  }
}

function toChange(row: MessageChange): void {
  (row as { expunged: unknown }).expunged = (row.expunged as unknown) === 1;
}

function keepWanted<Row extends { readonly uid: number }>(rows: Row[], wanted: readonly number[] | Uint32Array): Row[] {
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

/** Turns what stands in a row for something else into that. */
function takeColumns(row: { readonly keywords: readonly string[]; prefix?: Uint8Array | null }): void {
  takeKeywords(row);
  if (row.prefix === null) row.prefix = noBytes;
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

/** @param text decimal numbers with commas */
function parseUids(text: string, count: number): Uint32Array {
  return parseNumbers(text, new Uint32Array(count));
}

/** @param text decimal numbers with commas @param numbers has room for all */
function parseNumbers<Numbers extends Uint32Array | Float64Array>(text: string, numbers: Numbers): Numbers {
  let index = 0;
  let number = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 44) {
      numbers[index++] = number;
      number = 0;
    } else number = number * 10 + code - 48;
  }
  if (index < numbers.length) numbers[index] = number;
  return numbers;
}

function joinUids(parts: readonly Uint32Array[]): Uint32Array {
  const joined = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

function toMailbox(row: StoredMailbox): Mailbox {
  return {
    ...row,
    specialUse: row.specialUse === '' ? [] : (row.specialUse.split(' ') as SpecialUse[]),
    keywords: JSON.parse(row.keywords) as string[],
    subscribed: row.subscribed === 1,
  };
}
