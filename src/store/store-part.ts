import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseError } from '../database/database-error.ts';
import type { CapturedFile, DurablePart, Finding, VerifyOptions } from '../database/durable-part.ts';
import type { DatabaseEngine, DatabaseSnapshot } from '../database/engine.ts';
import { openDatabaseAtRest } from '../database/open-at-rest.ts';
import { RestanteError } from '../runtime/errors.ts';
import { type AccountDatabaseReader, accountDatabaseKind } from './account-database.ts';
import { isAccountName } from './account-name.ts';
import { checkConsistency } from './check-consistency.ts';
import { messageFilePath } from './message-files.ts';
import { migrations } from './migrations.ts';

const pageSize = 1000;

/** Databases and message files of all accounts, for backups. */
export function createStorePart(): DurablePart {
  /** Accounts that existed at the instant. */
  let accounts: string[] = [];
  return {
    name: 'accounts',
    owns: (path) =>
      /^accounts\/[a-z0-9][a-z0-9._-]{0,63}\/(?:index\.db(?:-wal|-shm|-journal)?|msg\/\d+\/\d+)$/.test(path),
    async captureAtInstant(dataDirectory) {
      accounts = await listAccounts(dataDirectory);
    },
    async *capture(snapshot, dataDirectory) {
      for (const account of accounts) yield* captureAccount(snapshot, dataDirectory, account);
    },
    async *verify(directory, options) {
      const temporary = await mkdtemp(join(tmpdir(), 'restante-verify-'));
      try {
        for (const account of await listAccounts(directory)) {
          options.signal.throwIfAborted();
          yield* verifyAccount(directory, account, temporary, options);
        }
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    },
    afterRestore,
  };
}

/** Directories of accounts, also those without database. */
async function listAccounts(directory: string): Promise<string[]> {
  const path = join(directory, 'accounts');
  if (!existsSync(path)) return [];
  return (await readdir(path)).filter(isAccountName).sort();
}

async function* captureAccount(
  snapshot: DatabaseSnapshot,
  dataDirectory: string,
  account: string,
): AsyncGenerator<CapturedFile> {
  const path = `accounts/${account}/index.db`;
  const read = <Result>(query: (reader: AccountDatabaseReader) => Promise<Result>): Promise<Result> =>
    snapshot.read(join(dataDirectory, path), query);
  try {
    // An account that was just being made has no row yet: nothing of it is acknowledged.
    const made = await read((reader) => reader.first("SELECT 1 FROM sqlite_schema WHERE name = 'account'"));
    if (made === undefined || (await read((reader) => reader.first('SELECT 1 FROM account'))) === undefined) return;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === 'database-not-in-snapshot') return;
    throw error;
  }
  yield { kind: 'database', path };
  for (let after = 0; ; ) {
    const rows = await read((reader) =>
      reader.all<{ id: number; file_size: number; sha256: Uint8Array }>(
        `SELECT id, file_size, sha256 FROM contents WHERE id > ? AND id NOT IN (SELECT content_id FROM erase)
         ORDER BY id LIMIT ?`,
        [after, pageSize],
      ),
    );
    for (const { id, file_size: sizeBytes, sha256 } of rows) {
      const message = `accounts/${account}/${messageFilePath(id)}`;
      yield { kind: 'message', path: message, sizeBytes, sha256: Buffer.from(sha256).toString('hex'), account };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    after = last.id;
  }
}

async function* verifyAccount(
  directory: string,
  account: string,
  temporary: string,
  options: VerifyOptions,
): AsyncGenerator<Finding> {
  const path = `accounts/${account}`;
  const databasePath = join(directory, path, 'index.db');
  // Who was being made, or was never used, has none.
  const hasFiles = (await readdir(join(directory, path, 'msg')).catch(() => [])).length > 0;
  const lost: Finding = {
    severity: 'error',
    code: 'account-database-missing',
    message: `Account "${account}" has message files and no database`,
    path: `${path}/index.db`,
    hint: 'Restore the account from a backup.',
  };
  if (!existsSync(databasePath)) {
    if (hasFiles) yield lost;
    return;
  }
  let database: Awaited<ReturnType<typeof openDatabaseAtRest>>;
  try {
    database = await openDatabaseAtRest(databasePath, temporary);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const { message } = error;
    yield { severity: 'error', code: error.code, message, path: `${path}/index.db`, hint: 'Restore it from a backup.' };
    return;
  }
  try {
    const findings = await database.check({ migrations, signal: options.signal });
    for (const finding of findings) yield { ...finding, path: `${path}/index.db` };
    // Rules about rows of damaged or unknown tables would only fail.
    if (findings.some(({ severity }) => severity === 'error')) return;
    if (database.userVersion === 0) {
      // SQLite takes a file that is empty, or shorter than a page, for a new database.
      if (hasFiles) yield lost;
      return;
    }
    yield* checkConsistency(database.reader(), { ...options, account, directory: join(directory, path), path });
  } finally {
    await database[Symbol.asyncDispose]();
  }
}

/** Numbers that clients may have seen after the backup are passed over. */
async function afterRestore(engine: DatabaseEngine, directory: string): Promise<Finding[]> {
  const now = Date.now();
  const findings: Finding[] = [];
  for (const account of await listAccounts(directory)) {
    const path = join(directory, 'accounts', account, 'index.db');
    if (!existsSync(path)) continue;
    try {
      await using database = await engine.open(accountDatabaseKind, path);
      await database.write('passOverUnknown', { now });
    } catch (error) {
      // One that is damaged keeps the others from nothing: its account can't be opened.
      if (!(error instanceof RestanteError) || !error.code.startsWith('database-')) throw error;
      const { code, message } = error;
      const hint = 'Restore it from another backup.';
      findings.push({ severity: 'error', code, message: `Account "${account}" is lost: ${message}`, hint });
    }
  }
  return findings;
}
