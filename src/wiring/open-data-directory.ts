import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { manifestName } from '../backup/manifest.ts';
import { unfinishedMark } from '../backup/restore-target.ts';
import type { DomainsConfig } from '../config/domains-config.ts';
import type { StaticConfig } from '../config/static-config.ts';
import { lockDataDirectory } from '../database/directory-lock.ts';
import type { DatabaseEngine } from '../database/engine.ts';
import { createSqliteEngine } from '../database/sqlite/sqlite-engine.ts';
import type { Clock } from '../runtime/clock.ts';
import { makeDirectoryDurably, removeUnfinishedWrites, writeDurably } from '../runtime/durable-file.ts';
import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import type { RootLog } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { Accounts } from '../store/accounts.ts';
import { LoginAttempts } from '../store/login-attempts/login-attempts.ts';
import { openAccounts } from '../store/open-accounts.ts';
import { removeTemporaryFiles } from '../store/remove-temporary-files.ts';
import { TlsPublicKeys } from '../store/tls-public-keys/tls-public-keys.ts';
import { dataFormat, decoyKeyBytes, formatOf, receivedIdKeyBytes } from './durable-parts.ts';
import { softwareVersion } from './software-version.ts';

/** A data directory that belongs to this process. */
export interface DataDirectory extends AsyncDisposable {
  readonly path: string;
  readonly engine: DatabaseEngine;
  readonly accounts: Accounts;
  readonly loginAttempts: LoginAttempts;
  readonly tlsPublicKeys: TlsPublicKeys;
  /** 16 bytes: encrypts the ids in Received fields. */
  readonly receivedIdKey: Buffer;
  /** 32 bytes: makes up salts for logins that don't exist. */
  readonly decoyKey: Buffer;
}

/**
 * Takes a data directory for this process, making it on first use.
 * @throws DataDirectoryLockedError; RestanteError `data-format` when a newer version has written it, `restore-unfinished`
 */
export async function openDataDirectory(
  config: StaticConfig,
  options: {
    log: RootLog;
    metrics: Metrics;
    clock: Clock;
    domains: () => DomainsConfig;
    /** False for one command, which writes little: starting threads costs more than they save. */
    serving: boolean;
  },
): Promise<DataDirectory> {
  const path = config.dataDirectory;
  refuseUnfinishedRestore(config);
  await using opened = new AsyncDisposableStack();
  await makeDirectoryDurably(path);
  opened.use(lockDataDirectory(path));
  await removeUnfinishedWrites(path);
  const written = await readVersion(path);
  const receivedIdKey = await ensureKey(join(path, 'receivedid.key'), receivedIdKeyBytes);
  const decoyKey = await ensureKey(join(path, 'decoy.key'), decoyKeyBytes);
  // Last: a directory with a version has its keys.
  const version = `${JSON.stringify({ format: dataFormat, software: softwareVersion })}\n`;
  if (written !== version) await writeDurably(join(path, 'version'), version);
  // A backup may be made there; it goes when a person removes it.
  await removeTemporaryFiles(path, (entry) => existsSync(join(entry, manifestName)));
  const engine = opened.use(
    createSqliteEngine({
      log: options.log.part('database'),
      metrics: options.metrics,
      ...(options.serving ? {} : { workers: 1 }),
    }),
  );
  const { mailboxes, specialUse } = config.newAccounts;
  const accounts = opened.use(
    await openAccounts({
      dataDirectory: path,
      engine,
      log: options.log.part('store'),
      defaultMailboxes: [
        { name: 'Inbox' },
        ...Object.entries(specialUse).map(([use, name]) => ({ name, specialUse: [`\\${use}` as '\\Junk'] })),
        ...mailboxes.map((name) => ({ name })),
      ],
      ...(options.serving ? { indexTextsAfterMs: limits.textIndexAfterMs } : {}),
      quotaOf: (account) => {
        const own = options.domains().accounts[account];
        return { bytes: own?.quota ?? config.quota, messages: own?.messageQuota ?? config.messageQuota };
      },
    }),
  );
  const loginAttempts = opened.use(
    await LoginAttempts.open({
      engine,
      dataDirectory: path,
      clock: options.clock,
      log: options.log.part('store'),
      accountForLogin: (login) => options.domains().addressBook.accountForLogin(login),
    }),
  );
  const tlsPublicKeys = opened.use(await TlsPublicKeys.open({ engine, dataDirectory: path, clock: options.clock }));
  const resources = opened.move();
  return {
    path,
    engine,
    accounts,
    loginAttempts,
    tlsPublicKeys,
    receivedIdKey,
    decoyKey,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** A restore that ended between its two names: an empty server is not what whoever restores wants. */
function refuseUnfinishedRestore({ dataDirectory, domainsPath }: StaticConfig): void {
  const mark = join(dirname(domainsPath), unfinishedMark);
  if (existsSync(dataDirectory) || !existsSync(mark)) return;
  throw new RestanteError(
    'restore-unfinished',
    `Cannot use data directory "${dataDirectory}": the restore to it was cut short, and it is not there`,
    { hint: `Restore again to the same place. For an empty server, remove "${mark}".` },
  );
}

/**
 * @returns what the file says, if it is there
 * @throws RestanteError `data-format`
 */
async function readVersion(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, 'version'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text !== undefined) {
    const format = formatOf(text);
    if (format === undefined) {
      throw new RestanteError(
        'data-format',
        `Cannot open the data directory "${directory}": its file "version" is damaged`,
        {
          hint: 'See what else is with `restante verifydata`; restore the file from a backup.',
        },
      );
    }
    if (format > dataFormat) {
      throw new RestanteError(
        'data-format',
        `Cannot open the data directory "${directory}": it has format ${format}, and this version knows up to ${dataFormat}`,
        { hint: 'Run the version of Restante that wrote it, or a newer one.' },
      );
    }
  }
  return text;
}

async function ensureKey(path: string, bytes: number): Promise<Buffer> {
  const found = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) {
    const key = randomBytes(bytes);
    await writeDurably(path, key);
    return key;
  }
  if (found.length !== bytes) {
    throw new RestanteError(
      'key-damaged',
      `Cannot use the key "${path}": it has ${found.length} bytes instead of ${bytes}`,
      {
        hint: 'Restore it from a backup; without one, delete it, and a new one is made.',
      },
    );
  }
  return found;
}
