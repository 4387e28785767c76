/**
 * What works on backups and data directories that no server runs on. Apart from main.ts, so that a proof or a restore starts at once, and
 * needs none of what a server needs.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { manifestName } from './backup/manifest.ts';
import { restoreBackup } from './backup/restore-backup.ts';
import { verifyBackup } from './backup/verify-backup.ts';
import { verifyData } from './backup/verify-data.ts';
import { lockDataDirectory } from './database/directory-lock.ts';
import type { Finding } from './database/durable-part.ts';
import { createSqliteEngine } from './database/sqlite/sqlite-engine.ts';
import { systemClock } from './runtime/clock.ts';
import { createLog, silentLog } from './runtime/log.ts';
import { Metrics } from './runtime/metrics.ts';
import { durableParts } from './wiring/durable-parts.ts';
import { cannotFixBackup, directoryReport, type LongWork, requireDataDirectory } from './wiring/long-work.ts';

/** What reads configuration takes as long to load as all the rest, and is needed last. */
async function* verifyConfig(directory: string): AsyncGenerator<Finding> {
  yield* (await import('./wiring/verify-config.ts')).verifyConfig(directory);
}

/**
 * Verifies a backup, or the data directory of a stopped server. Without `fix` nothing is changed.
 * @throws RestanteError `not-data`, `backup-not-fixed`; DataDirectoryLockedError
 */
export async function verifyDirectory(options: LongWork & { directory: string; full: boolean; fix: boolean }) {
  const { directory, full, fix } = options;
  const report = { parts: durableParts(), full, ...directoryReport(options) };
  if (existsSync(join(directory, manifestName))) {
    if (fix) throw cannotFixBackup(directory);
    return { kind: 'backup' as const, ...(await verifyBackup(directory, { ...report, verifyConfig })) };
  }
  requireDataDirectory(directory);
  using _lock = lockDataDirectory(directory);
  return { kind: 'data' as const, ...(await verifyData(directory, { ...report, fix })) };
}

/**
 * Opens the data directory of a stopped server with what the command "backup" needs.
 * @throws DataDirectoryLockedError while a server runs
 */
export async function openForBackup(options: { staticConfigPath: string }) {
  // Not needed by what else is here, and the longest to load.
  const [{ loadStaticConfig }, { LiveDomains }, { openDataDirectory }, { backupService }, { backup }] =
    await Promise.all([
      import('./config/static-config.ts'),
      import('./config/live-domains.ts'),
      import('./wiring/open-data-directory.ts'),
      import('./wiring/backup-service.ts'),
      import('./control/commands/backup.ts'),
    ]);
  const log = createLog({ pretty: process.stderr.isTTY === true, levels: { '': 'warn' } });
  const config = await loadStaticConfig(options.staticConfigPath);
  const shared = { clock: systemClock, metrics: new Metrics(), serving: false };
  await using opened = new AsyncDisposableStack();
  const domains = opened.adopt(await LiveDomains.open(config, log.part('config')), (each) => each.close());
  const data = opened.use(await openDataDirectory(config, { ...shared, log, domains: () => domains.config }));
  const service = await backupService({ ...shared, config, domains, data, log: log.part('backup') });
  const resources = opened.move();
  return { command: backup({ backup: service }), [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** Restores a backup; both directories must be missing or empty. */
export async function restoreDirectory(
  options: LongWork & {
    backup: string;
    dataDirectory: string;
    configDirectory: string | undefined;
    allowIncomplete: boolean;
    fromVersion: number | undefined;
    dryRun: boolean;
  },
) {
  return await restoreBackup({
    ...options,
    now: () => systemClock.now(),
    parts: durableParts(),
    verifyConfig,
    createEngine: () => createSqliteEngine({ log: silentLog, workers: 1 }),
    adaptConfig: async (...directories) => (await import('./config/adapt-config.ts')).adaptConfig(...directories),
    ...directoryReport(options),
  });
}
