/**
 * Restores a whole backup to an empty place.
 *
 * On disk: `<dataDirectory>.restoring/` and `<configDirectory>.restoring/` are filled with copies, never links, so that the backup
 * shares no bytes with the server that runs from the copy; the file system is flushed; that there was a restore is written down beside
 * the backup; then they are renamed: configuration first, data last. A crash leaves the `.restoring` directories, which the next
 * restore to the same place removes; the data directory is there whole or not at all. Until it is, a mark in the configuration
 * directory says so: a crash between the two leaves a configuration that the next restore removes too.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { AccountCounts, DurablePart, Finding, RestoredState, ToReview } from '../database/durable-part.ts';
import type { DatabaseEngine } from '../database/engine.ts';
import { makeDirectoryDurably, syncDirectory, syncFileSystem } from '../runtime/durable-file.ts';
import { removeTree } from '../runtime/remove-tree.ts';
import { DamagedBackupError, failed, NotABackupError } from './backup-errors.ts';
import { copyBackup, restoring } from './copy-backup.ts';
import { flushTree } from './flush-tree.ts';
import { type ManifestHead, manifestName, readManifest } from './manifest.ts';
import { countRestores, recordPath, recordRestore } from './restore-record.ts';
import { checkEmpty, checkOutside, isUnfinished, unfinishedMark } from './restore-target.ts';
import { verifyBackup } from './verify-backup.ts';

export interface RestoreOptions {
  readonly backup: string;
  /** Must not exist, or be empty. */
  readonly dataDirectory: string;
  /** Must not exist, or be empty; undefined leaves the configuration in the backup alone. */
  readonly configDirectory: string | undefined;
  readonly parts: readonly DurablePart[];
  /** The format that the backup is expected to have; undefined: any that this version reads. */
  readonly fromVersion?: number | undefined;
  /** Checks everything, says what would be there, and writes nothing. */
  readonly dryRun?: boolean;
  /** Checks a configuration directory. */
  readonly verifyConfig?: (directory: string) => AsyncIterable<Finding>;
  /** An engine for the parts' work after the copy; made and disposed of by restore. */
  readonly createEngine: () => DatabaseEngine;
  /** Makes the restored configuration point at the new data directory. */
  readonly adaptConfig: (configDirectory: string, finalConfigDirectory: string, dataDirectory: string) => Promise<void>;
  /** Restores what a backup holds that is not complete or has damaged files. */
  readonly allowIncomplete: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress?: (progress: { phase: string; files: number; bytes: number; totalFiles?: number }) => void;
}

export interface RestoreResult {
  readonly files: number;
  readonly bytes: number;
  readonly instant: string;
  /** Of the backup. */
  readonly format: number;
  /** How often it was restored before. */
  readonly restores: number;
  readonly dataDirectory: string;
  readonly configDirectory: string | undefined;
  readonly configFiles: readonly string[];
  readonly accounts: readonly AccountCounts[];
  /** What may have been done since the backup was taken: mail that waited, and may have been sent. */
  readonly toReview: readonly ToReview[];
}

/** Listed; an operator with more looks at the queue itself. */
const maxToReview = 10_000;

/** @throws NotABackupError, DamagedBackupError, RestoreTargetError; nothing is left behind */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  try {
    return await restore(options);
  } catch (error) {
    throw failed('restore to', options.dataDirectory, error);
  }
}

async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const { backup, dataDirectory, configDirectory, dryRun = false, signal } = options;
  const targets = [dataDirectory, configDirectory].filter((path) => path !== undefined);
  const left =
    configDirectory !== undefined && isUnfinished(dataDirectory, configDirectory) ? configDirectory : undefined;
  for (const target of targets) {
    await checkOutside(backup, target);
    if (target !== left) await checkEmpty(target);
  }
  const head = await checkVersion(options);
  const restored: RestoredState = {
    instant: Date.parse(head.instant),
    now: options.now(),
    restores: await countRestores(backup),
  };
  const accounts: AccountCounts[] = [];
  const check = async (): Promise<void> => {
    // Message files are read once: when they are copied, or now when none will be.
    const verified = await verifyBackup(backup, {
      ...options,
      readMessages: dryRun,
      onCounts: (counts) => accounts.push(counts),
    });
    // Some are looked at side by side, and come as they are done.
    accounts.sort((one, other) => (one.account < other.account ? -1 : 1));
    if (verified.errors > 0 && !options.allowIncomplete) throw new DamagedBackupError(backup, verified.errors);
  };
  if (dryRun) await check();
  const toReview = await collectToReview(options);
  const described = {
    instant: head.instant,
    format: head.format,
    restores: restored.restores,
    dataDirectory,
    configDirectory,
    accounts,
    toReview,
  };
  if (dryRun) return { ...described, ...(await listFiles(backup, configDirectory !== undefined)) };
  const made: string[] = [];
  const named: string[] = [];
  try {
    // What an earlier one has left of the configuration goes before that which shows that it was left.
    for (const target of targets.toReversed()) {
      // Under that name it can be removed by halves, and found again.
      if (target === left) await removeTree(restoring(target));
      if (target === left) await rename(target, restoring(target));
      for (let above = dirname(resolve(target)); !existsSync(above); above = dirname(above)) made.push(above);
      await makeDirectoryDurably(dirname(resolve(target)));
      await removeTree(restoring(target));
      await mkdir(restoring(target), { mode: 0o700 });
    }
    // Side by side: nothing has its name before both have ended well.
    const damaged = new AbortController();
    const checking = check();
    checking.catch((error: unknown) => damaged.abort(error));
    const running = copyBackup({ ...options, signal: AbortSignal.any([signal, damaged.signal]) });
    const [checked, copying] = await Promise.allSettled([checking, running]);
    if (checked.status === 'rejected') throw checked.reason;
    if (copying.status === 'rejected') throw copying.reason;
    const copied = copying.value;
    await afterRestore(options, restoring(dataDirectory), restored);
    if (configDirectory !== undefined) {
      await options.adaptConfig(restoring(configDirectory), resolve(configDirectory), resolve(dataDirectory));
      await writeFile(join(restoring(configDirectory), unfinishedMark), '', { mode: 0o600 });
    }
    await flush(targets.map(restoring));
    signal.throwIfAborted();
    await record(options, restored.now);
    for (const target of targets.toReversed()) {
      await rmdir(target).catch(() => {});
      await rename(restoring(target), target);
      named.push(target);
      await syncDirectory(dirname(resolve(target)));
    }
    if (configDirectory !== undefined) await unlink(join(configDirectory, unfinishedMark)).catch(() => {});
    return { ...described, ...copied };
  } catch (error) {
    // A name that is not known to be on disk is none.
    let keptName = false;
    for (const target of named) {
      await rename(target, restoring(target)).catch(() => {
        keptName = true;
      });
    }
    // What can't be removed is named `.restoring`, and goes with the next restore to the place: why it failed is what counts.
    for (const target of targets) {
      // It shows the next restore that the configuration was left.
      if (keptName && target === dataDirectory) continue;
      await removeTree(restoring(target)).catch(() => {});
    }
    for (const directory of made) await rmdir(directory).catch(() => {});
    throw error;
  }
}

/** A file system is flushed once, whatever is on it: each time all that others write goes with it. */
async function flush(directories: readonly string[]): Promise<void> {
  const flushed = new Set<number>();
  for (const directory of directories) {
    const { dev } = await stat(directory);
    if (flushed.has(dev)) continue;
    if (await syncFileSystem(directory)) flushed.add(dev);
    else await flushTree(directory);
  }
}

/** @throws NotABackupError when it is not of the format that was said */
async function checkVersion({ backup, fromVersion }: RestoreOptions): Promise<ManifestHead> {
  for await (const line of readManifest(backup, join(backup, manifestName))) {
    if (!('head' in line)) break;
    const { format } = line.head;
    if (fromVersion !== undefined && format !== fromVersion) {
      throw new NotABackupError(backup, `it is of format ${format}, not ${fromVersion} as --from-version says`);
    }
    return line.head;
  }
  throw new NotABackupError(backup, 'its manifest has no head');
}

async function collectToReview({ backup, parts, signal }: RestoreOptions): Promise<ToReview[]> {
  const found: ToReview[] = [];
  for (const part of parts) {
    for await (const each of part.toReview?.(join(backup, 'data')) ?? []) {
      signal.throwIfAborted();
      if (found.length === maxToReview) return found;
      found.push(each);
    }
  }
  return found;
}

async function listFiles(
  backup: string,
  withConfig: boolean,
): Promise<{ files: number; bytes: number; configFiles: string[] }> {
  const listed = { files: 0, bytes: 0, configFiles: [] as string[] };
  for await (const line of readManifest(backup, join(backup, manifestName))) {
    if (!('file' in line)) continue;
    if (line.file.kind === 'config') {
      if (!withConfig) continue;
      listed.configFiles.push(line.file.path.slice('config/'.length));
    }
    listed.files++;
    listed.bytes += line.file.sizeBytes;
  }
  return listed;
}

async function afterRestore(options: RestoreOptions, directory: string, restored: RestoredState): Promise<void> {
  await using engine = options.createEngine();
  for (const part of options.parts) {
    for (const finding of (await part.afterRestore?.(engine, directory, restored)) ?? []) {
      options.onFinding(finding);
      if (finding.severity === 'error' && !options.allowIncomplete) {
        throw new NotABackupError(options.backup, `what was restored is not safe to go on from: ${finding.message}`);
      }
    }
  }
}

async function record({ backup, dataDirectory, onFinding }: RestoreOptions, now: number): Promise<void> {
  try {
    await recordRestore(backup, { at: new Date(now).toISOString(), dataDirectory: resolve(dataDirectory) });
  } catch (error) {
    const message = `Cannot write down this restore in "${recordPath(backup)}": ${(error as Error).message}`;
    const hint =
      'Before the same backup is restored again, wait for some minutes: numbers are then passed over by the time that went by.';
    onFinding({ severity: 'warning', code: 'restore-unrecorded', message, hint });
  }
}
