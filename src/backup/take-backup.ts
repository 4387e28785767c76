/**
 * Takes a backup: everything as of one instant, while writers go on.
 *
 * On disk (FORMAT.md has the bytes): `<destination>.incomplete/` is filled with `data/`, `config/` and `manifest.jsonl`; the whole file
 * system is flushed; then the manifest's last line is written and flushed, and the directory renamed to `<destination>`. While it is
 * filled, `<destination>.incomplete/lock` is locked by the process that does it.
 *
 * Invariants: nothing named `<destination>` is ever incomplete. No file of the data directory is written to.
 * A crash leaves `<destination>.incomplete`, with a lock that nobody holds: the next backup to the same destination, or
 * `backup clean`, removes it. A backup that lacks something keeps that name too, and its manifest says what.
 */
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DurablePart } from '../database/durable-part.ts';
import type { DatabaseEngine } from '../database/engine.ts';
import type { Clock } from '../runtime/clock.ts';
import { syncDirectory, syncFileSystem } from '../runtime/durable-file.ts';
import { removeTree } from '../runtime/remove-tree.ts';
import { incompletePath, lockIncomplete, prepareDestination } from './backup-destination.ts';
import { BackupDestinationError, failed } from './backup-errors.ts';
import { BackupProgress, type ProgressReport } from './backup-progress.ts';
import { BackupRemarks, type ReportRemark } from './backup-remarks.ts';
import { BackupWriter } from './backup-writer.ts';
import { checkRoom, expectedSize } from './check-room.ts';
import { readConfigFiles } from './config-files.ts';
import { FileWorkers } from './file-workers.ts';
import { flushTree } from './flush-tree.ts';
import { type ManifestTail, ManifestWriter, manifestFormat, manifestName } from './manifest.ts';
import { takeUnrecognised } from './take-unrecognised.ts';

export interface BackupOptions {
  readonly engine: DatabaseEngine;
  readonly parts: readonly DurablePart[];
  readonly dataDirectory: string;
  readonly configDirectory: string;
  /** Absolute; must not exist, or be empty. */
  readonly destination: string;
  /** `link`: hard links where the file system can, which share their bytes with the live files. */
  readonly messageFiles: 'link' | 'copy';
  /** Most bytes copied in a second; undefined: no limit. */
  readonly bytesPerSecond?: number | undefined;
  /** Beside a server that serves: the threads that copy stand back. */
  readonly standBack?: boolean;
  readonly software: string;
  readonly hostname: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly report: ReportRemark;
  readonly onProgress?: (progress: ProgressReport) => void;
}

export interface BackupResult extends Omit<ManifestTail, 'sha256'> {
  /** Where it is: the destination, or that with `.incomplete` when not complete. */
  readonly path: string;
  readonly instant: string;
}

/** Nearly as low as threads go: whoever answers a client comes first. */
const standingBack = 10;

/**
 * @returns the result; `complete` is false when some file could not be taken, and the backup then keeps the name `.incomplete`
 * @throws BackupDestinationError before anything is written; when cancelled, or when the destination fails (full disk, I/O error),
 *   that error, after removing what was written
 */
export async function takeBackup(options: BackupOptions): Promise<BackupResult> {
  const remarks = new BackupRemarks(options.report);
  const destination = await prepareDestination(options.destination, { ...options, warn: (text) => remarks.warn(text) });
  const incomplete = incompletePath(destination);
  await mkdir(incomplete, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw failed('back up to', destination, error);
    throw new BackupDestinationError(destination, 'another backup is being made there', 'Wait until it has ended.');
  });
  try {
    let result: Omit<BackupResult, 'path'>;
    {
      using lock = lockIncomplete(incomplete);
      result = await fillBackup(options, incomplete, remarks, () => lock.release());
    }
    if (!result.complete) return { ...result, path: incomplete };
    await rename(incomplete, destination);
    try {
      await syncDirectory(dirname(destination));
    } catch (error) {
      // A name that is not known to be on disk is none.
      await rename(destination, incomplete).catch(() => {});
      throw error;
    }
    return { ...result, path: destination };
  } catch (error) {
    // What is left is named incomplete, and goes with the next backup or `backup clean`: why it failed is what counts.
    await removeTree(incomplete).catch(() => {});
    throw failed('back up to', destination, error);
  }
}

async function fillBackup(
  options: BackupOptions,
  root: string,
  remarks: BackupRemarks,
  releaseLock: () => void,
): Promise<Omit<BackupResult, 'path'>> {
  const { engine, parts, dataDirectory, configDirectory, clock, signal } = options;
  const startedAt = clock.now();
  // Threads take a while to start: they do it while the snapshot is made.
  await using workers = new FileWorkers({
    signal,
    bytesPerSecond: options.bytesPerSecond,
    niceness: options.standBack ? standingBack : 0,
  });
  let configFiles: ReturnType<typeof readConfigFiles> = [];
  await using snapshot = await engine.snapshot(async () => {
    configFiles = readConfigFiles(configDirectory, dataDirectory);
    for (const part of parts) await part.captureAtInstant(dataDirectory);
  });
  const instant = new Date(snapshot.instant).toISOString();
  remarks.tell('snapshot taken', { instant, pauseMs: Math.round(snapshot.pauseMs * 10) / 10 });
  const expected = await expectedSize(parts, snapshot, dataDirectory);
  const linking = await checkRoom({ ...options, root, expected });
  await using manifest = await ManifestWriter.create(join(root, manifestName));
  await manifest.add({
    format: manifestFormat,
    software: options.software,
    node: process.version,
    sqlite: snapshot.sqliteVersion,
    hostname: options.hostname,
    instant,
    messageFiles: linking ? 'linked' : 'copied',
  });
  const progress = new BackupProgress(
    {
      files: expected.messageFiles,
      bytes: expected.databaseBytes + (linking ? 0 : expected.messageBytes),
    },
    options.onProgress,
  );
  const writer = new BackupWriter({
    root,
    dataDirectory,
    manifest,
    snapshot,
    workers,
    remarks,
    progress,
    linking,
    ...pick(options),
  });
  const phasesMs: Record<string, number> = {};
  const phase = async (name: string, work: () => Promise<void>): Promise<void> => {
    const phaseStartedAt = clock.now();
    const before = { ...writer.counts };
    progress.enter(name);
    await work();
    phasesMs[name] = clock.now() - phaseStartedAt;
    remarks.tell(`${name} backed up`, {
      files: writer.counts.files - before.files,
      linked: writer.counts.linked - before.linked,
      copied: writer.counts.copied - before.copied,
      durationMs: phasesMs[name],
    });
  };
  writer.makeDirectory('data');
  await phase('configuration', async () => {
    for (const file of configFiles) await writer.writeContent(`config/${file.path}`, 'config', file.bytes, file.mode);
  });
  for (const part of parts) await phase(part.name, () => writer.takePart(part));
  await phase('unrecognised files', () => takeUnrecognised(writer, { parts, dataDirectory, remarks, signal }));
  releaseLock();
  await phase('flush', async () => {
    // Everything but the manifest's last line, which says that all else is there.
    if (!(await syncFileSystem(root))) await flushTree(root);
  });

  const tail: Omit<ManifestTail, 'sha256'> = {
    complete: remarks.errors.count === 0,
    ...writer.counts,
    pauseMs: snapshot.pauseMs,
    durationMs: clock.now() - startedAt,
    phasesMs,
    errors: remarks.errors.first,
    errorCount: remarks.errors.count,
    warnings: remarks.warnings.first,
    warningCount: remarks.warnings.count,
  };
  signal.throwIfAborted();
  await manifest.finish(tail);
  return { ...tail, instant };
}

function pick({ clock, signal, bytesPerSecond, standBack = false }: BackupOptions) {
  return { clock, signal, bytesPerSecond, standBack };
}
