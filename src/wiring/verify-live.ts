import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { VerifyResult } from '../backup/verification.ts';
import { ownership, walkFiles } from '../backup/walk-files.ts';
import type { StaticConfig } from '../config/static-config.ts';
import type { ControlServices, LiveVerifyRequest } from '../control/control-services.ts';
import { DatabaseError } from '../database/database-error.ts';
import type { Finding } from '../database/durable-part.ts';
import type { DatabaseSnapshot } from '../database/engine.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { durableParts } from './durable-parts.ts';
import type { DataDirectory } from './open-data-directory.ts';

/** What the thread is told, and what it tells. */
export interface LiveVerification {
  readonly directory: string;
  readonly databases: string;
  readonly configDirectory: string;
  readonly full: boolean;
}

export type LiveVerificationEvent =
  | { readonly finding: Finding }
  | { readonly progress: { phase: string; files: number; bytes: number } }
  | { readonly result: VerifyResult }
  | { readonly error: unknown };

/**
 * Verifies the data of this process while it is at work: databases are copied out of a snapshot to `tmp/` and checked there by a thread,
 * message files where they are. The snapshot is held meanwhile, so that no file goes.
 */
export function verifyLive(options: {
  config: StaticConfig;
  data: DataDirectory;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}): ControlServices['verify'] {
  const { config, data, clock, log, metrics } = options;
  const lastRun = metrics.gauge(
    'restante_verify_last_run_timestamp_seconds',
    'End of the last verification of the live data.',
  );
  const findings = metrics.gauge('restante_verify_last_findings', 'What that has found, by severity.');
  return async (request) => {
    await using snapshot = await data.engine.snapshot();
    const databases = await mkdtemp(join(data.path, 'tmp', 'verify-'));
    try {
      await copyDatabases(snapshot, data.path, databases, request);
      const result = await inThread(
        { directory: data.path, databases, configDirectory: config.configDirectory, full: request.full },
        request,
      );
      const { errors, warnings, notes } = result;
      lastRun.set(clock.now() / 1000);
      for (const [severity, count] of Object.entries({ error: errors, warning: warnings, note: notes })) {
        findings.set(count, { severity });
      }
      log.info({ errors, warnings, notes, files: result.files, bytes: result.bytes }, 'verification ended');
      return { ...result, directory: data.path, instant: new Date(snapshot.instant).toISOString() };
    } finally {
      await rm(databases, { recursive: true, force: true });
    }
  };
}

async function copyDatabases(
  snapshot: DatabaseSnapshot,
  directory: string,
  target: string,
  { signal, onProgress }: LiveVerifyRequest,
): Promise<void> {
  const isOwned = ownership(durableParts());
  // Message files are by far the most, and no database is among them.
  const enter = (path: string): boolean => path !== 'tmp' && !/\/msg$/.test(path);
  for await (const { path } of walkFiles(directory, enter)) {
    if (!path.endsWith('.db') || !isOwned(path)) continue;
    signal.throwIfAborted();
    onProgress({ phase: 'databases', files: 0, bytes: 0 });
    await mkdir(dirname(join(target, path)), { recursive: true, mode: 0o700 });
    try {
      await snapshot.copy(join(directory, path), join(target, path), { signal, flush: false });
    } catch (error) {
      // Made since; or damaged, which the checks will say of what is there.
      if (!(error instanceof DatabaseError)) throw error;
    }
  }
}

async function inThread(
  work: LiveVerification,
  { signal, onFinding, onProgress }: LiveVerifyRequest,
): Promise<VerifyResult> {
  const worker = new Worker(new URL('./verify-worker.ts', import.meta.url), { workerData: work });
  const abort = (): void => worker.postMessage('abort');
  signal.addEventListener('abort', abort);
  try {
    return await new Promise<VerifyResult>((resolve, reject) => {
      worker.on('message', (event: LiveVerificationEvent) => {
        if ('finding' in event) onFinding(event.finding);
        else if ('progress' in event) onProgress(event.progress);
        else if ('result' in event) resolve(event.result);
        else reject(signal.aborted ? signal.reason : event.error);
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new Error('The thread that verifies has ended')));
    });
  } finally {
    signal.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
