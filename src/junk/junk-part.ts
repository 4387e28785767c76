/**
 * The files of the junk filters: `accounts/<name>/junkfilter.db`, how often each word was seen in junk and in other mail, and
 * `accounts/<name>/junkfilter.bloom`, the words seen once. They are taken into backups whether or not a filter is on, and of accounts
 * that are not configured too. Nothing here makes one: a filter that has no files yet has none in a backup either.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseError } from '../database/database-error.ts';
import type { DurablePart, Finding, VerifyOptions } from '../database/durable-part.ts';
import { openDatabaseAtRest } from '../database/open-at-rest.ts';
import { OnceFile, OnceFileError } from './once-file.ts';
import { migrations } from './operations.ts';

const owned = /^accounts\/[a-z0-9][a-z0-9._-]{0,63}\/junkfilter\.(?:db(?:-wal|-shm|-journal)?|bloom)$/;

export function createJunkPart(): DurablePart {
  let paths: string[] = [];
  return {
    name: 'junk filters',
    owns: (path) => owned.test(path),
    async captureAtInstant(dataDirectory) {
      paths = filterFiles(dataDirectory).filter((path) => statSync(join(dataDirectory, path)).isFile());
    },
    async expect(_snapshot, dataDirectory) {
      const databases = paths.filter((path) => path.endsWith('.db'));
      const sizes = databases.map((path) => statSync(join(dataDirectory, path), { throwIfNoEntry: false })?.size ?? 0);
      return { messageFiles: 0, messageBytes: 0, databaseBytes: sizes.reduce((sum, size) => sum + size, 0) };
    },
    async *capture(_snapshot, dataDirectory) {
      for (const path of paths) {
        if (path.endsWith('.db')) yield { kind: 'database', path };
        else {
          // As at the instant: no filter writes a new one while a snapshot is open.
          const { mode } = statSync(join(dataDirectory, path));
          const bytes = await readFile(join(dataDirectory, path));
          yield { kind: 'content', path, bytes, mode: mode & 0o777 };
        }
      }
    },
    async *verify(directory, { databases = directory, live = false, ...options }) {
      for (const path of filterFiles(directory)) {
        options.signal.throwIfAborted();
        const database = path.replace(/bloom$/, 'db');
        if (path.endsWith('.db')) yield* verifyFilter(directory, databases, path, { ...options, live });
        else if (!existsSync(join(directory, database))) {
          const account = path.split('/')[1]!;
          const message = `Account "${account}": the junk filter has lost its counts, "${path}" is all that is left`;
          const hint = `Restore it from a backup, or delete "${path}": the filter starts anew.`;
          yield { severity: 'error', code: 'junk-database-missing', message, path, account, hint };
        }
      }
    },
  };
}

async function* verifyFilter(
  directory: string,
  databases: string,
  path: string,
  { signal, askInThread, live }: Pick<VerifyOptions, 'signal' | 'askInThread'> & { live: boolean },
): AsyncGenerator<Finding> {
  const account = path.split('/')[1]!;
  const hint = `Restore it from a backup, or delete "${path}": the filter starts anew.`;
  // Of a server at work: one that was made since.
  if (!existsSync(join(databases, path))) return;
  const temporary = await mkdtemp(join(tmpdir(), 'restante-verify-'));
  try {
    await using database = await openDatabaseAtRest(join(databases, path), temporary, askInThread);
    const findings = await database.check({ migrations, signal });
    for (const finding of findings) yield { ...finding, path, account, hint };
    // A server at work may have written the next file since the databases were copied.
    if (findings.length > 0 || live) return;
    const row = await database.reader().first<{ number: number }>('SELECT bloom_number AS number FROM filter');
    yield* verifyOnceFile(directory, path.replace(/db$/, 'bloom'), account, row?.number ?? 0);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const message = `Account "${account}": the junk filter can't be read: ${error.message}`;
    yield { severity: 'error', code: error.code, message, path, account, hint };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function* verifyOnceFile(
  directory: string,
  path: string,
  account: string,
  number: number,
): AsyncGenerator<Finding> {
  const hint = `Restore it from a backup, or delete "${path}": the filter forgets words that it has seen once.`;
  const of = `Account "${account}": the junk filter's file "${path}"`;
  try {
    const file = await OnceFile.read(join(directory, path));
    // After a crash there may be the next one, whose words the database has too.
    if (file === undefined ? number === 0 : file.number === number || file.number === number + 1) return;
    const message =
      file === undefined ? `${of} is missing` : `${of} is number ${file.number}, and its database's is ${number}`;
    yield { severity: 'error', code: 'junk-file-differs', message, path, account, hint };
  } catch (error) {
    if (!(error instanceof OnceFileError)) throw error;
    yield { severity: 'error', code: 'junk-file-damaged', message: `${of} ${error.message}`, path, account, hint };
  }
}

/** Relative to the directory; whatever lies there under these names. */
function filterFiles(directory: string): string[] {
  const accounts = join(directory, 'accounts');
  if (!existsSync(accounts)) return [];
  return readdirSync(accounts)
    .sort()
    .flatMap((account) => ['db', 'bloom'].map((kind) => `accounts/${account}/junkfilter.${kind}`))
    .filter((path) => owned.test(path) && existsSync(join(directory, path)));
}
