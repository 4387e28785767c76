import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DurablePart, Finding } from '../database/durable-part.ts';
import type { VerifyResult } from './verify-backup.ts';
import { walkFiles } from './walk-files.ts';

export interface VerifyDataOptions {
  readonly parts: readonly DurablePart[];
  readonly signal: AbortSignal;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress?: (progress: { phase: string; files: number; bytes: number }) => void;
}

/**
 * Proves a data directory at rest, whose lock the caller holds: every part's databases and files, and that every file has an
 * owner. Nothing is changed.
 */
export async function verifyData(directory: string, options: VerifyDataOptions): Promise<VerifyResult> {
  await readdir(directory);
  let errors = 0;
  let warnings = 0;
  let files = 0;
  let bytes = 0;
  const find = (finding: Finding): void => {
    if (finding.severity === 'error') errors++;
    if (finding.severity === 'warning') warnings++;
    options.onFinding(finding);
  };
  for (const part of options.parts) {
    options.onProgress?.({ phase: part.name, files, bytes });
    for await (const finding of part.verify(directory, { signal: options.signal, readMessages: true })) find(finding);
  }
  for await (const { path } of walkFiles(directory, (below) => below !== 'tmp')) {
    options.signal.throwIfAborted();
    files++;
    bytes += (await lstat(join(directory, path))).size;
    if (!options.parts.some((part) => part.owns(path))) {
      find({ severity: 'warning', code: 'file-unknown', message: `"${path}" is not a file of Restante's`, path });
    }
  }
  return { files, bytes, errors, warnings };
}
