/**
 * Restores a whole backup to an empty place.
 *
 * On disk: `<dataDirectory>.restoring/` and `<configDirectory>.restoring/` are filled with copies, never links, so that the backup
 * shares no bytes with the server that runs from the copy; all is flushed, then renamed: configuration first, data last.
 * A crash leaves the `.restoring` directories, which the next restore to the same place removes; the data directory is there
 * whole or not at all.
 */
import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, realpath, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { DurablePart, Finding } from '../database/durable-part.ts';
import type { DatabaseEngine } from '../database/engine.ts';
import { makeDirectoryDurably, syncDirectory } from '../runtime/durable-file.ts';
import { DamagedBackupError, NotABackupError, RestoreTargetError } from './backup-errors.ts';
import { copyFileHashed } from './copy-file.ts';
import { type ManifestFile, manifestName, readManifest } from './manifest.ts';
import { TaskPool } from './task-pool.ts';
import { verifyBackup } from './verify-backup.ts';

export interface RestoreOptions {
  readonly backup: string;
  /** Must not exist, or be empty. */
  readonly dataDirectory: string;
  /** Must not exist, or be empty; undefined leaves the configuration in the backup alone. */
  readonly configDirectory: string | undefined;
  readonly parts: readonly DurablePart[];
  /** An engine for the parts' work after the copy; made and disposed of by restore. */
  readonly createEngine: () => DatabaseEngine;
  /** Makes the restored configuration point at the new data directory. */
  readonly adaptConfig: (configDirectory: string, finalConfigDirectory: string, dataDirectory: string) => Promise<void>;
  /** Restores what a backup holds that is not complete or has damaged files. */
  readonly allowIncomplete: boolean;
  readonly signal: AbortSignal;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress?: (progress: { phase: string; files: number; bytes: number }) => void;
}

export interface RestoreResult {
  readonly files: number;
  readonly bytes: number;
  readonly instant: string;
  readonly dataDirectory: string;
  readonly configDirectory: string | undefined;
}

const parallelFiles = 8;
/** Errors of the place that is restored to; others are of the one file. */
const targetFails: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** @throws NotABackupError, DamagedBackupError, RestoreTargetError; nothing is left behind */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  const targets = [options.dataDirectory, options.configDirectory].filter((path) => path !== undefined);
  for (const target of targets) {
    await checkOutside(options.backup, target);
    await checkEmpty(target, existsSync(restoring(options.dataDirectory)));
  }
  const verified = await verifyBackup(options.backup, options);
  if (verified.errors > 0 && !options.allowIncomplete) {
    throw new DamagedBackupError(options.backup, verified.errors);
  }
  try {
    for (const target of targets) {
      await rm(restoring(target), { recursive: true, force: true });
      await makeDirectoryDurably(dirname(resolve(target)));
      await mkdir(restoring(target), { mode: 0o700 });
    }
    const copied = await copyAll(options, new Set(targets.map(restoring)), (file) => {
      const [top = '', ...below] = file.path.split('/');
      if (top === 'data') return join(restoring(options.dataDirectory), ...below);
      return options.configDirectory === undefined ? undefined : join(restoring(options.configDirectory), ...below);
    });
    await afterRestore(options, restoring(options.dataDirectory));
    if (options.configDirectory !== undefined) {
      await options.adaptConfig(
        restoring(options.configDirectory),
        resolve(options.configDirectory),
        resolve(options.dataDirectory),
      );
    }
    options.signal.throwIfAborted();
    for (const target of targets.toReversed()) {
      await rmdir(target).catch(() => {});
      await rename(restoring(target), target);
      await syncDirectory(dirname(resolve(target)));
    }
    return { ...copied, dataDirectory: options.dataDirectory, configDirectory: options.configDirectory };
  } catch (error) {
    for (const target of targets) await rm(restoring(target), { recursive: true, force: true });
    throw error;
  }
}

async function copyAll(
  options: RestoreOptions,
  roots: ReadonlySet<string>,
  targetOf: (file: ManifestFile) => string | undefined,
): Promise<{ files: number; bytes: number; instant: string }> {
  const directories = new Set<string>();
  let instant = '';
  let files = 0;
  let bytes = 0;
  await using pool = new TaskPool(parallelFiles);
  for await (const line of readManifest(options.backup, join(options.backup, manifestName))) {
    options.signal.throwIfAborted();
    if ('head' in line) instant = line.head.instant;
    if (!('file' in line)) continue;
    const { file } = line;
    const target = targetOf(file);
    if (target === undefined) continue;
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    directories.add(dirname(target));
    await pool.run(async () => {
      // The mode may not be wider than the backup said, nor open a message to others.
      const mode = Number.parseInt(file.mode, 8) & (file.kind === 'config' ? 0o755 : 0o700);
      try {
        const copy = await copyFileHashed(join(options.backup, file.path), target, mode, options.signal);
        // A message with a damaged byte is worth more than none: verifying has named it.
        if (copy.sha256 !== file.sha256 && !options.allowIncomplete)
          throw new NotABackupError(options.backup, `"${file.path}" changed while it was read`);
      } catch (error) {
        options.signal.throwIfAborted();
        if (!options.allowIncomplete || targetFails.has(String((error as NodeJS.ErrnoException).code))) throw error;
        await rm(target, { force: true });
        return;
      }
      files++;
      bytes += file.sizeBytes;
      options.onProgress?.({ phase: 'restore', files, bytes });
    });
  }
  await pool.finish();
  const levels = new Set<string>();
  for (const directory of directories) {
    // Up to the new root and with it, whose own entries must be there when it gets its name.
    for (let level = directory; !levels.has(level); level = dirname(level)) {
      levels.add(level);
      if (roots.has(level)) break;
    }
  }
  for (const level of levels) await syncDirectory(level);
  return { files, bytes, instant };
}

async function afterRestore(options: RestoreOptions, directory: string): Promise<void> {
  await using engine = options.createEngine();
  for (const part of options.parts) {
    for (const finding of (await part.afterRestore?.(engine, directory)) ?? []) {
      options.onFinding(finding);
      if (finding.severity === 'error' && !options.allowIncomplete) {
        throw new NotABackupError(options.backup, `what was restored is not safe to go on from: ${finding.message}`);
      }
    }
  }
}

function restoring(target: string): string {
  return `${resolve(target)}.restoring`;
}

/** What was restored into a backup would make it one that holds files its manifest doesn't list. */
async function checkOutside(backup: string, target: string): Promise<void> {
  const real = await realpath(backup).catch(() => resolve(backup));
  let above = resolve(target);
  while (!existsSync(above)) above = dirname(above);
  const way = relative(real, await realpath(above));
  if (way === '' || !(way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way))) {
    throw new RestoreTargetError(target, 'it is inside the backup');
  }
}

async function checkEmpty(target: string, cutShort: boolean): Promise<void> {
  const found = await lstat(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new RestoreTargetError(target, `it can't be looked at (${error.code})`);
  });
  if (found === undefined) return;
  if (!found.isDirectory()) throw new RestoreTargetError(target, 'it is not a directory');
  if ((await readdir(target)).length > 0) {
    // The configuration gets its name first, the data directory last.
    const left = cutShort ? '; an earlier restore was cut short: what it left there can be removed' : '';
    throw new RestoreTargetError(target, `it is not empty${left}`);
  }
}
