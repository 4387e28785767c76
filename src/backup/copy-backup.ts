import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Finding } from '../database/durable-part.ts';
import { fileProblem } from '../database/file-problem.ts';
import { DamagedBackupError } from './backup-errors.ts';
import { FileWorkers } from './file-workers.ts';
import { type ManifestFile, manifestName, readManifestLines } from './manifest.ts';
import type { RestoreOptions } from './restore-backup.ts';
import { TaskPool } from './task-pool.ts';

/** Where a restore writes to, until all is there. */
export function restoring(target: string): string {
  return `${resolve(target)}.restoring`;
}

const batchFiles = 1024;
const batchesAtOnce = 4;
/** Errors of the place that is restored to; others are of the one file. */
const targetFails: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

interface ToCopy {
  readonly file: ManifestFile;
  readonly target: string;
}

interface Copied {
  files: number;
  bytes: number;
  readonly configFiles: string[];
}

/**
 * Copies all files of a backup to `.restoring`, and compares each with the manifest on the way. Nothing is flushed.
 * @throws DamagedBackupError when one differs and incomplete ones are not allowed
 */
export async function copyBackup(options: RestoreOptions): Promise<Copied> {
  const { backup, dataDirectory, configDirectory, signal } = options;
  const copied: Copied = { files: 0, bytes: 0, configFiles: [] };
  const directories = new Set<string>();
  const roots = {
    data: restoring(dataDirectory),
    config: configDirectory === undefined ? undefined : restoring(configDirectory),
  };
  let damaged = 0;
  await using workers = new FileWorkers({ signal });
  await using pool = new TaskPool(batchesAtOnce);
  let batch: ToCopy[] = [];
  const copyBatch = async (): Promise<void> => {
    const these = batch;
    batch = [];
    await pool.run(async () => {
      // Counted after the wait: batches that run meanwhile count too.
      const found = await copyFiles(workers, these, copied, options);
      damaged += found;
    });
  };
  const targetOf = (file: ManifestFile): string | undefined => {
    // Paths of a manifest have no empty levels and no dots: there are so many that joining them by the rules takes its time.
    const top = file.path.startsWith('data/') ? 'data' : 'config';
    const root = roots[top];
    if (root === undefined) return undefined;
    const below = file.path.slice(top.length + 1);
    if (top === 'config') copied.configFiles.push(below);
    const target = `${root}/${below}`;
    const directory = target.slice(0, target.lastIndexOf('/'));
    if (!directories.has(directory)) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      directories.add(directory);
    }
    return target;
  };
  for await (const lines of readManifestLines(backup, join(backup, manifestName))) {
    signal.throwIfAborted();
    for (const line of lines) {
      const target = 'file' in line ? targetOf(line.file) : undefined;
      if (!('file' in line) || target === undefined) continue;
      batch.push({ file: line.file, target });
      if (batch.length === batchFiles) await copyBatch();
    }
  }
  await copyBatch();
  await pool.finish();
  if (damaged > 0 && !options.allowIncomplete) throw new DamagedBackupError(backup, damaged);
  return copied;
}

/** @returns how many are damaged */
async function copyFiles(
  workers: FileWorkers,
  files: readonly ToCopy[],
  copied: Copied,
  { backup, allowIncomplete, onFinding, onProgress }: RestoreOptions,
): Promise<number> {
  const outcomes = await workers.run(
    files.map(({ file, target }) => {
      // The mode may not be wider than the backup said, nor open a message to others.
      const mode = Number.parseInt(file.mode, 8) & (file.kind === 'config' ? 0o755 : 0o700);
      return { action: 'copy', source: `${backup}/${file.path}`, target, mode };
    }),
  );
  let damaged = 0;
  for (const [at, { file, target }] of files.entries()) {
    const outcome = outcomes[at]!;
    if (outcome.error !== undefined && targetFails.has(outcome.error.code)) {
      throw Object.assign(new Error(outcome.error.message), { code: outcome.error.code });
    }
    const problem =
      outcome.error === undefined
        ? fileProblem.compare(file, { sizeBytes: outcome.sizeBytes, sha256: outcome.sha256 ?? '' })
        : fileProblem.fromError(outcome.error);
    if (problem !== undefined) {
      damaged++;
      onFinding(findingOf(file, problem.detail));
      // A message with a damaged byte is worth more than none; anything else damaged is not.
      if (!allowIncomplete || outcome.error !== undefined) {
        await rm(target, { force: true });
        continue;
      }
    }
    copied.files++;
    copied.bytes += file.sizeBytes;
  }
  onProgress?.({ phase: 'copying', files: copied.files, bytes: copied.bytes });
  return damaged;
}

function findingOf(file: ManifestFile, detail: string): Finding {
  const whose = file.account === undefined ? '' : `Account "${file.account}": `;
  return {
    severity: 'error',
    code: 'file-damaged-in-backup',
    message: `${whose}"${file.path}" ${detail}`,
    path: file.path,
    ...(file.account === undefined ? {} : { account: file.account }),
    hint: 'restante verifydata says which message it is; restore it from another backup.',
  };
}
