import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseError } from '../database/database-error.ts';
import {
  type CapturedFile,
  type CapturedMessage,
  type ExpectedSize,
  messageFilesAtOnce,
} from '../database/durable-part.ts';
import type { DatabaseSnapshot } from '../database/engine.ts';
import { takeTurns } from '../runtime/take-turns.ts';
import type { AccountDatabaseReader } from './account-database.ts';
import { filesPerDirectory, messageFilePath } from './message-files.ts';

type Read = <Result>(query: (reader: AccountDatabaseReader) => Promise<Result>) => Promise<Result>;

interface ContentRow {
  id: number;
  file_size: number;
  /** Hex: SQLite makes that quicker than a buffer. */
  sha256: string;
}

/** What the accounts hold, near enough: bytes of copies are counted once on the average. */
export async function expectAccounts(
  snapshot: DatabaseSnapshot,
  dataDirectory: string,
  accounts: readonly string[],
): Promise<ExpectedSize> {
  const sum = { messageFiles: 0, messageBytes: 0, databaseBytes: 0 };
  const turn = takeTurns();
  for (const account of accounts) {
    await turn();
    const path = join(dataDirectory, databasePath(account));
    if (!existsSync(path)) continue;
    sum.databaseBytes += statSync(path).size;
    try {
      const row = await snapshot.read(path, (reader) =>
        reader.first<{ messages: number; bytes: number; contents: number }>(
          'SELECT messages, used_bytes AS bytes, (SELECT count(*) FROM contents) AS contents FROM account',
        ),
      );
      if (row === undefined || row.messages === 0) continue;
      sum.messageFiles += row.contents;
      sum.messageBytes += Math.round(row.bytes * Math.min(1, row.contents / row.messages));
    } catch (error) {
      // Taking it will say what is wrong with it.
      if (!(error instanceof DatabaseError)) throw error;
    }
  }
  return sum;
}

/** All of an account, rows as a stream. One that can't be read is taken as plain files. */
export async function* captureAccount(
  snapshot: DatabaseSnapshot,
  dataDirectory: string,
  account: string,
): AsyncGenerator<CapturedFile> {
  const read: Read = (query) => snapshot.read(join(dataDirectory, databasePath(account)), query);
  try {
    // An account that was just being made has no row yet: nothing of it is acknowledged.
    const made = await read((reader) => reader.first("SELECT 1 FROM sqlite_schema WHERE name = 'account'"));
    if (made === undefined || (await read((reader) => reader.first('SELECT 1 FROM account'))) === undefined) return;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (error.code !== 'database-not-in-snapshot') yield* captureUnreadable(dataDirectory, account, error);
    return;
  }
  yield { kind: 'database', path: databasePath(account) };
  try {
    yield* captureMessages(read, dataDirectory, account);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const reason = `the database of account "${account}" is damaged, and not all of its messages are known: ${error.message}`;
    yield { kind: 'remark', severity: 'error', reason, path: databasePath(account) };
  }
}

async function* captureMessages(read: Read, dataDirectory: string, account: string): AsyncGenerator<CapturedFile> {
  const directory = new MessageDirectory(dataDirectory, account);
  for (let after = 0; ; ) {
    const rows = await read((reader) =>
      reader.all<ContentRow>(
        `SELECT id, file_size, lower(hex(sha256)) AS sha256 FROM contents WHERE id > ? AND id NOT IN (SELECT content_id FROM erase)
         ORDER BY id LIMIT ?`,
        [after, messageFilesAtOnce],
      ),
    );
    let files: CapturedMessage[] = [];
    for (const { id, file_size: sizeBytes, sha256 } of rows) {
      if (directory.isLeftBy(id)) {
        if (files.length > 0) yield { kind: 'messages', files };
        files = [];
        yield* directory.unknown(read);
      }
      directory.note(id);
      files.push({ path: `accounts/${account}/${messageFilePath(id)}`, sizeBytes, sha256, account });
    }
    if (files.length > 0) yield { kind: 'messages', files };
    const last = rows.at(-1);
    if (last === undefined || rows.length < messageFilesAtOnce) break;
    after = last.id;
  }
  yield* directory.unknown(read);
  yield* directory.others(read);
  const mailboxes = await read((reader) =>
    reader.all<{ mailbox: string; messages: number; bytes: number }>(
      'SELECT name AS mailbox, messages, size AS bytes FROM mailboxes WHERE expunged = 0 ORDER BY name',
    ),
  );
  const messages = mailboxes.reduce((sum, mailbox) => sum + mailbox.messages, 0);
  const bytes = mailboxes.reduce((sum, mailbox) => sum + mailbox.bytes, 0);
  yield { kind: 'counts', account, messages, bytes, mailboxes };
}

/** Sees, directory by directory, which files were there at the instant and belong to no message. */
class MessageDirectory {
  readonly #dataDirectory: string;
  readonly #account: string;
  readonly #ids = new Set<number>();
  readonly #seen = new Set<number>();
  #number: number | undefined;

  constructor(dataDirectory: string, account: string) {
    this.#dataDirectory = dataDirectory;
    this.#account = account;
  }

  isLeftBy(id: number): boolean {
    return this.#number !== undefined && this.#number !== Math.floor(id / filesPerDirectory);
  }

  note(id: number): void {
    this.#number = Math.floor(id / filesPerDirectory);
    this.#ids.add(id);
  }

  /** Directories in which no message is. */
  async *others(read: Read): AsyncGenerator<CapturedFile> {
    const names = await readdir(join(this.#dataDirectory, `accounts/${this.#account}/msg`)).catch(() => []);
    for (const name of names) {
      if (!/^\d{1,12}$/.test(name) || this.#seen.has(Number(name))) continue;
      this.#number = Number(name);
      yield* this.unknown(read);
    }
  }

  async *unknown(read: Read): AsyncGenerator<CapturedFile> {
    const number = this.#number;
    if (number === undefined) return;
    this.#seen.add(number);
    const directory = `accounts/${this.#account}/msg/${number}`;
    const names = await readdir(join(this.#dataDirectory, directory)).catch(() => []);
    const others = names.filter((name) => /^\d{1,15}$/.test(name) && !this.#ids.has(Number(name))).map(Number);
    this.#ids.clear();
    this.#number = undefined;
    for (const id of others) {
      // Ids are never given twice: a file came after the instant, or was left by a crash, when its id was not given out by then or is
      // in a block that was in use; it goes when it is to be erased.
      const isOurs = await read((reader) =>
        reader.first(
          `SELECT 1 FROM account WHERE next_content_id <= ? UNION ALL SELECT 1 FROM erase WHERE content_id = ?
           UNION ALL SELECT 1 FROM content_blocks WHERE ? BETWEEN first AND last`,
          [id, id, id],
        ),
      );
      if (isOurs !== undefined) continue;
      const reason = 'a message file that belongs to no message is copied as it is; it should be moved away';
      yield { kind: 'plain', severity: 'warning', reason, path: `${directory}/${id}` };
    }
  }
}

/** Better all that lies there than nothing: a person may get something out of it. */
async function* captureUnreadable(
  dataDirectory: string,
  account: string,
  error: DatabaseError,
): AsyncGenerator<CapturedFile> {
  const root = `accounts/${account}`;
  const reason = `account "${account}" can't be read, and its files are copied as they are: ${error.message}`;
  yield { kind: 'plain', severity: 'error', reason, path: databasePath(account) };
  const entries = await readdir(join(dataDirectory, root), { withFileTypes: true });
  for (const { name } of entries.filter((entry) => entry.isFile() && /^index\.db-(?:wal|journal)$/.test(entry.name))) {
    yield { kind: 'plain', severity: 'warning', reason: 'copied with its database', path: `${root}/${name}` };
  }
  const numbers = (await readdir(join(dataDirectory, root, 'msg')).catch(() => [])).filter((name) =>
    /^\d+$/.test(name),
  );
  for (const number of numbers) {
    const files = await readdir(join(dataDirectory, root, 'msg', number)).catch(() => []);
    for (const name of files.filter((file) => /^\d+$/.test(file))) {
      const path = `${root}/msg/${number}/${name}`;
      yield { kind: 'plain', severity: 'warning', reason: 'a message of an account that is damaged', path };
    }
  }
}

function databasePath(account: string): string {
  return `accounts/${account}/index.db`;
}
