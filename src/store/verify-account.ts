import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseError } from '../database/database-error.ts';
import type { Finding, VerifyOptions } from '../database/durable-part.ts';
import { type DatabaseAtRest, openDatabaseAtRest } from '../database/open-at-rest.ts';
import { type CheckOptions, checkConsistency } from './check-consistency.ts';
import { migrations } from './migrations.ts';

/**
 * Checks an account's database and message files.
 * @param directory with `accounts/` in it
 * @param temporary private to the caller
 */
export async function* verifyAccount(
  directory: string,
  account: string,
  temporary: string,
  options: VerifyOptions,
): AsyncGenerator<Finding> {
  options.signal.throwIfAborted();
  const root = `accounts/${account}`;
  const path = `${root}/index.db`;
  const hint = `Restore the account from a backup: restante restore <backup> --account ${account}`;
  const databasePath = join(options.databases ?? directory, path);
  // Who was being made, or was never used, has none.
  const hasFiles = (await readdir(join(directory, root, 'msg')).catch(() => [])).length > 0;
  const lost: Finding = {
    severity: 'error',
    code: 'account-database-missing',
    message: `Account "${account}" has message files and no database`,
    path,
    account,
    hint,
  };
  if (!existsSync(databasePath)) {
    // One that was made since the databases were copied has its own later.
    if (hasFiles && !(options.live && existsSync(join(directory, path)))) yield lost;
    return;
  }
  let database: DatabaseAtRest;
  try {
    database = await openDatabaseAtRest(databasePath, temporary, options.askInThread);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    yield { severity: 'error', code: error.code, message: error.message, path, account, hint };
    return;
  }
  try {
    const findings = await database.check({ migrations, signal: options.signal });
    for (const finding of findings) yield { ...finding, path, account, hint };
    // Rules about rows of damaged or unknown tables would only fail.
    if (findings.some(({ severity }) => severity === 'error')) return;
    if (database.userVersion === 0) {
      // SQLite takes a file that is empty, or shorter than a page, for a new database.
      if (hasFiles) yield lost;
      return;
    }
    await using newest = await database.newest(migrations, temporary);
    const ask: CheckOptions['ask'] = (questions) => newest.ask(questions);
    const checked = { ...options, account, directory: join(directory, root), path: root, ask };
    yield* checkConsistency(newest.reader(), checked);
  } finally {
    await database[Symbol.asyncDispose]();
  }
}
