import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabaseAtRest } from '../database/open-at-rest.ts';
import { DirectorySyncer } from '../runtime/durable-file.ts';
import type { AccountDatabaseReader } from './account-database.ts';
import { isAccountName } from './account-name.ts';
import { AccountReader } from './account-reader.ts';
import { type ContentLocation, MessageFiles, type StoredContents } from './message-files.ts';
import { migrations } from './migrations.ts';
import type { StoredRows } from './restore/stored-rows.ts';
import { AccountNotFoundError } from './store-errors.ts';

/** An account of a backup, or of a server that is stopped: read, and never changed. All reads see one state. */
export interface AccountAtRest extends AsyncDisposable {
  readonly name: string;
  readonly reader: AccountReader;
  /** What restoring compares and copies. */
  readonly stored: StoredRows;
  read<Result>(query: (reader: AccountReader) => Promise<Result>): Promise<Result>;
  /** Messages of a mailbox with all that is to be shown of them, in UID order. Ask in steps of ≤ 1,000. */
  messages(mailboxId: number, uids: readonly number[]): Promise<KeptMessage[]>;
  /** Absolute path of the file of a content. */
  filePath(contentId: number): string;
  /** The bytes of messages. */
  readonly contents: StoredContents;
}

export interface KeptMessage extends ContentLocation {
  readonly uid: number;
  readonly sha256: Uint8Array;
  readonly flagBits: number;
  readonly keywords: readonly string[];
  /** INTERNALDATE, milliseconds. */
  readonly receivedAt: number;
  /** Prefix and file. */
  readonly sizeBytes: number;
  readonly messageId: string | null;
  readonly subject: string;
  readonly from: string;
}

/** Names of the accounts below a data directory, or a backup's `data/`, that have a database. */
export async function listAccountsAtRest(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, 'accounts')).catch(() => []);
  return names.filter((name) => isAccountName(name) && existsSync(databaseOf(directory, name))).sort();
}

/** @throws AccountNotFoundError, DatabaseError */
export async function openAccountAtRest(directory: string, name: string): Promise<AccountAtRest> {
  if (!isAccountName(name) || !existsSync(databaseOf(directory, name))) throw new AccountNotFoundError(name, 'open');
  const temporary = await mkdtemp(join(tmpdir(), 'restante-account-'));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rm(temporary, { recursive: true, force: true }));
  const stored = opened.use(await openDatabaseAtRest(databaseOf(directory, name), temporary));
  const newest = opened.use(await stored.newest(migrations, temporary));
  const database: AccountDatabaseReader = newest.reader();
  const reader = new AccountReader(database);
  const files = new MessageFiles(join(directory, 'accounts', name), new DirectorySyncer());
  const resources = opened.move();
  return {
    name,
    reader,
    stored: reader.stored,
    read: (query) => query(reader),
    async messages(mailboxId, uids) {
      const rows = await database.all<KeptRow>(keptMessages, [JSON.stringify(uids), mailboxId]);
      return rows.map(keptMessage);
    },
    filePath: (contentId) => files.path(contentId),
    contents: files,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function databaseOf(directory: string, name: string): string {
  return join(directory, 'accounts', name, 'index.db');
}

interface KeptRow extends Omit<KeptMessage, 'keywords' | 'from'> {
  readonly keywords: string | null;
  readonly fromLocalpart: string | null;
  readonly fromDomain: string | null;
}

const keptMessages = `SELECT uid, content_id AS contentId, sha256, prefix, file_size AS fileSizeBytes, flags AS flagBits,
  messages.keywords, received_at AS receivedAt, messages.size AS sizeBytes, message_id AS messageId, subject,
  from_localpart AS fromLocalpart, from_domain AS fromDomain
  FROM json_each(?) CROSS JOIN messages JOIN contents ON contents.id = content_id
  WHERE mailbox_id = ? AND uid = value AND expunged = 0`;

function keptMessage({ keywords, fromLocalpart, fromDomain, ...row }: KeptRow): KeptMessage {
  return {
    ...row,
    keywords: keywords === null ? [] : (JSON.parse(keywords) as string[]),
    from: fromLocalpart === null || fromDomain === null ? '' : `${fromLocalpart}@${fromDomain}`,
  };
}
