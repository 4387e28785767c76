import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DurablePart, Finding, RestoredState } from '../database/durable-part.ts';
import type { DatabaseEngine } from '../database/engine.ts';
import { RestanteError } from '../runtime/errors.ts';
import { mergeStreams } from '../runtime/merge-streams.ts';
import { accountDatabaseKind } from './account-database.ts';
import { isAccountName } from './account-name.ts';
import { captureAccount, expectAccounts } from './capture-account.ts';
import { verifyAccount } from './verify-account.ts';

/** Accounts that are verified at the same time. */
const accountsAtOnce = 3;

/**
 * Databases and message files of all accounts, for backups. What searches use, `search.db`, is in none: it is made again.
 * @param configured names of the accounts that the configuration has; others are taken all the same, and named
 */
export function createStorePart(configured?: () => ReadonlySet<string>): DurablePart {
  /** Accounts that existed at the instant. */
  let accounts: string[] = [];
  let known: ReadonlySet<string> | undefined;
  return {
    name: 'accounts',
    owns: (path) =>
      /^accounts\/[a-z0-9][a-z0-9._-]{0,63}\/(?:(?:index|search)\.db(?:-wal|-shm|-journal)?|msg\/\d+\/\d+)$/.test(path),
    async captureAtInstant(dataDirectory) {
      accounts = await listAccounts(dataDirectory);
      known = configured?.();
    },
    expect: (snapshot, dataDirectory) => expectAccounts(snapshot, dataDirectory, accounts),
    async *capture(snapshot, dataDirectory) {
      for (const account of accounts) {
        if (known?.has(account) === false) {
          const reason = `account "${account}" is on disk and not in the configuration`;
          yield { kind: 'remark', severity: 'warning', reason, path: `accounts/${account}` };
        }
        yield* captureAccount(snapshot, dataDirectory, account);
      }
    },
    async *verify(directory, options) {
      const temporary = await mkdtemp(join(tmpdir(), 'restante-verify-'));
      try {
        const accounts = await listAccounts(directory);
        // While the files of one are read, rows of the next are.
        const streams = accounts.values().map((account) => verifyAccount(directory, account, temporary, options));
        yield* mergeStreams(streams, accountsAtOnce);
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

/** Numbers that clients may have seen after the backup are passed over. */
async function afterRestore(engine: DatabaseEngine, directory: string, restored: RestoredState): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const account of await listAccounts(directory)) {
    const path = join(directory, 'accounts', account, 'index.db');
    if (!existsSync(path)) continue;
    try {
      await using database = await engine.open(accountDatabaseKind, path);
      await database.write('passOverUnknown', { ...restored });
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
