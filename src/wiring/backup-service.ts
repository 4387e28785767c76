import { BackupRunningError } from '../backup/backup-errors.ts';
import { type BackupResult, takeBackup } from '../backup/take-backup.ts';
import type { StaticConfig } from '../config/static-config.ts';
import type { BackupRequest } from '../control/control-services.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { type DataDirectory, durableParts } from './open-data-directory.ts';
import { softwareVersion } from './software-version.ts';

/** Takes backups of this process's data directory, one at a time, and tells metrics and the log how they ended. */
export function backupService(options: {
  config: StaticConfig;
  data: DataDirectory;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}): (request: BackupRequest) => Promise<BackupResult> {
  const { config, data, clock, log, metrics } = options;
  const runs = metrics.counter('restante_backup_runs_total', 'Backups, by how they ended.');
  const lastSuccess = metrics.gauge(
    'restante_backup_last_success_timestamp_seconds',
    'End of the last complete backup.',
  );
  const lastDuration = metrics.gauge('restante_backup_last_duration_seconds', 'How long the last backup took.');
  const lastBytes = metrics.gauge('restante_backup_last_bytes', 'Size of the last backup.');
  const lastPause = metrics.gauge('restante_backup_last_pause_seconds', 'How long the last backup held writers.');
  let running = false;

  return async (request) => {
    if (running) throw new BackupRunningError();
    running = true;
    try {
      const result = await takeBackup({
        engine: data.engine,
        parts: durableParts(),
        dataDirectory: config.dataDirectory,
        configDirectory: config.configDirectory,
        destination: request.destination,
        messageFiles: request.messageFiles,
        software: softwareVersion,
        hostname: config.hostname,
        clock,
        signal: request.signal,
        report(severity, text, fields = {}) {
          if (severity === 'error') log.error(fields, text);
          else if (severity === 'warning') log.warn(fields, text);
          else log.debug(fields, text);
          request.report(severity, text, fields);
        },
        onProgress: request.onProgress,
      });
      runs.add(1, { result: result.complete ? 'complete' : 'incomplete' });
      if (result.complete) lastSuccess.set(clock.now() / 1000);
      lastDuration.set(result.durationMs / 1000);
      lastBytes.set(result.bytes);
      lastPause.set(result.pauseMs / 1000);
      const { path, complete, files, bytes, durationMs } = result;
      log.info({ path, complete, files, bytes, durationMs }, 'backup ended');
      return result;
    } catch (error) {
      runs.add(1, { result: 'failed' });
      log.error({ err: error }, 'backup failed');
      throw error;
    } finally {
      running = false;
    }
  };
}
