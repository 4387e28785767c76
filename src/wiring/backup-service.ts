import { BackupRunningError } from '../backup/backup-errors.ts';
import { type BackupResult, takeBackup } from '../backup/take-backup.ts';
import type { LiveDomains } from '../config/live-domains.ts';
import type { StaticConfig } from '../config/static-config.ts';
import type { BackupRequest } from '../control/control-services.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { durableParts } from './durable-parts.ts';
import { readLastBackup, writeLastBackup } from './last-backup.ts';
import type { DataDirectory } from './open-data-directory.ts';
import { softwareVersion } from './software-version.ts';

/** Takes backups of this process's data directory, one at a time, and tells metrics and the log how they ended. */
export async function backupService(options: {
  config: StaticConfig;
  domains: Pick<LiveDomains, 'config'>;
  data: DataDirectory;
  /** Whether mail flows meanwhile. */
  serving: boolean;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}): Promise<(request: BackupRequest) => Promise<BackupResult>> {
  const { config, domains, data, serving, clock, log, metrics } = options;
  const told = await backupMetrics(metrics, data.path);
  let running: Promise<unknown> | undefined;

  const take = async (request: BackupRequest): Promise<BackupResult> => {
    try {
      const result = await takeBackup({
        ...request,
        engine: data.engine,
        parts: durableParts({ configuredAccounts: () => new Set(Object.keys(domains.config.accounts)) }),
        dataDirectory: config.dataDirectory,
        configDirectory: config.configDirectory,
        standBack: serving,
        software: softwareVersion,
        hostname: config.hostname,
        clock,
        report(severity, text, fields = {}) {
          if (severity === 'error') log.error(fields, text);
          else if (severity === 'warning') log.warn(fields, text);
          else log.debug(fields, text);
          request.report(severity, text, fields);
        },
      });
      told(result);
      const { path, complete, files, bytes, errorCount, warningCount, pauseMs, durationMs } = result;
      log.info({ path, complete, files, bytes, errorCount, warningCount, pauseMs, durationMs }, 'backup ended');
      if (complete) await writeLastBackup(data.path, { at: clock.now(), path, bytes, durationMs, pauseMs });
      return result;
    } catch (error) {
      told('failed');
      log.error({ err: error, path: request.destination }, 'backup failed');
      throw error;
    }
  };

  return async (request) => {
    while (running !== undefined) {
      if (request.wait !== true) throw new BackupRunningError();
      request.report('verbose', 'waiting for another backup to end');
      await endOrAbort(running, request.signal);
    }
    const taking = take(request);
    running = taking.catch(() => {});
    try {
      return await taking;
    } finally {
      running = undefined;
    }
  };
}

async function endOrAbort(running: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<void>();
  const abort = (): void => aborted.resolve();
  signal.addEventListener('abort', abort);
  try {
    await Promise.race([running, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
  signal.throwIfAborted();
}

/** @returns what is to be called with how a backup ended */
async function backupMetrics(
  metrics: Metrics,
  dataDirectory: string,
): Promise<(ended: BackupResult | 'failed') => void> {
  const runs = metrics.counter('restante_backup_runs_total', 'Backups, by how they ended.');
  const success = metrics.gauge(
    'restante_backup_last_success_timestamp_seconds',
    'End of the last complete backup, also of one before the server was started; 0: none.',
  );
  const duration = metrics.gauge('restante_backup_last_duration_seconds', 'How long the last backup took.');
  const size = metrics.gauge('restante_backup_last_bytes', 'Size of the last backup.');
  const pause = metrics.gauge('restante_backup_last_pause_seconds', 'How long the last backup held writers.');
  const findings = metrics.gauge('restante_backup_last_findings', 'What the last backup had to say, by severity.');
  const last = await readLastBackup(dataDirectory);
  success.set((last?.at ?? 0) / 1000);
  if (last !== undefined) {
    duration.set(last.durationMs / 1000);
    size.set(last.bytes);
    pause.set(last.pauseMs / 1000);
  }
  return (ended) => {
    if (ended === 'failed') return runs.add(1, { result: 'failed' });
    runs.add(1, { result: ended.complete ? 'complete' : 'incomplete' });
    if (ended.complete) success.set(Date.now() / 1000);
    duration.set(ended.durationMs / 1000);
    size.set(ended.bytes);
    pause.set(ended.pauseMs / 1000);
    findings.set(ended.errorCount ?? 0, { severity: 'error' });
    findings.set(ended.warningCount ?? 0, { severity: 'warning' });
  };
}
