import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DurablePart, Finding } from '../database/durable-part.ts';
import { hashFile } from './copy-file.ts';
import { type ManifestFile, type ManifestTail, manifestName, readManifest } from './manifest.ts';
import { TaskPool } from './task-pool.ts';
import { walkFiles } from './walk-files.ts';

export interface VerifyBackupOptions {
  readonly parts: readonly DurablePart[];
  readonly signal: AbortSignal;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress?: (progress: { phase: string; files: number; bytes: number }) => void;
}

export interface VerifyResult {
  readonly files: number;
  readonly bytes: number;
  readonly errors: number;
  readonly warnings: number;
}

const parallelFiles = 8;

/**
 * Proves a backup: the manifest is whole, each file it lists has its size, SHA-256 and mode, no other file is there, and the
 * databases agree with themselves and with the message files. Nothing is changed.
 * @throws NotABackupError when there is no manifest that can be read
 */
export async function verifyBackup(directory: string, options: VerifyBackupOptions): Promise<VerifyResult> {
  let errors = 0;
  let warnings = 0;
  const find = (finding: Finding): void => {
    if (finding.severity === 'error') errors++;
    if (finding.severity === 'warning') warnings++;
    options.onFinding(finding);
  };
  let files = 0;
  let bytes = 0;
  let tail: ManifestTail | undefined;
  let listedFiles = 0;
  let missingFiles = 0;
  {
    await using pool = new TaskPool(parallelFiles);
    for await (const line of readManifest(directory, join(directory, manifestName))) {
      options.signal.throwIfAborted();
      if ('tail' in line) tail = line.tail;
      if (!('file' in line)) continue;
      const { file } = line;
      listedFiles++;
      await pool.run(async () => {
        const finding = await checkFile(directory, file, options.signal);
        if (finding !== undefined) find(finding);
        if (finding?.code === 'file-missing') missingFiles++;
        files++;
        bytes += file.sizeBytes;
        options.onProgress?.({ phase: 'files', files, bytes });
      });
    }
    await pool.finish();
  }
  if (tail !== undefined && !tail.complete) {
    for (const text of tail.errors)
      find({ severity: 'error', code: 'backup-incomplete', message: `When taken: ${text}` });
  }
  if (tail !== undefined && tail.files !== listedFiles) {
    find({
      severity: 'error',
      code: 'manifest-count',
      message: `The manifest lists ${listedFiles} files and its end says ${tail.files}`,
    });
  }
  await findUnlisted(directory, listedFiles - missingFiles, find, options.signal);
  for (const part of options.parts) {
    options.onProgress?.({ phase: part.name, files, bytes });
    // Every byte was compared with the manifest, whose SHA-256 of a message is the one in its row.
    const verification = part.verify(join(directory, 'data'), { signal: options.signal, readMessages: false });
    for await (const finding of verification) find(finding);
  }
  return { files, bytes, errors, warnings };
}

async function checkFile(directory: string, file: ManifestFile, signal: AbortSignal): Promise<Finding | undefined> {
  const damaged = (code: string, message: string): Finding => ({
    severity: 'error',
    code,
    message: `${file.account === undefined ? '' : `Account "${file.account}": `}"${file.path}" ${message}`,
    path: file.path,
    hint: 'This backup has lost that file; take another, and look at the disk it is on.',
  });
  const path = join(directory, file.path);
  try {
    const found = await lstat(path);
    if (!found.isFile()) return damaged('not-a-file', 'is not a regular file');
    if (found.size !== file.sizeBytes) {
      return damaged('size-differs', `has ${found.size} bytes, the manifest says ${file.sizeBytes}`);
    }
    const mode = (found.mode & 0o777).toString(8).padStart(3, '0');
    if (file.kind === 'config' && found.mode & 0o077 & ~Number.parseInt(file.mode, 8)) {
      return { ...damaged('mode-differs', `has mode ${mode}, the manifest says ${file.mode}`), severity: 'warning' };
    }
    const { sha256 } = await hashFile(path, signal);
    if (sha256 !== file.sha256)
      return damaged('sha256-differs', 'was changed: its SHA-256 is not the one in the manifest');
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return damaged('file-missing', 'is missing');
    return damaged('file-unreadable', `can't be read: ${message}`);
  }
  return undefined;
}

/**
 * Names files that the manifest doesn't list. A tree with just as many files as were found of those listed needs no second look.
 */
async function findUnlisted(
  directory: string,
  presentFiles: number,
  find: (finding: Finding) => void,
  signal: AbortSignal,
): Promise<void> {
  let found = 0;
  for await (const _ of walkFiles(directory)) found++;
  if (found === presentFiles + 1) return;
  signal.throwIfAborted();
  const listed = new Set([manifestName]);
  for await (const line of readManifest(directory, join(directory, manifestName))) {
    if ('file' in line) listed.add(line.file.path);
  }
  for await (const { path } of walkFiles(directory)) {
    if (!listed.has(path)) {
      find({ severity: 'error', code: 'file-unlisted', message: `"${path}" is not in the manifest`, path });
    }
  }
}
