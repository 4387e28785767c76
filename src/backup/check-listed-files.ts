import { join } from 'node:path';
import { DamagedBackupError, NotABackupError } from './backup-errors.ts';
import { FileWorkers } from './file-workers.ts';
import { type ManifestFile, manifestName, readManifest } from './manifest.ts';

/**
 * Reads some of the files of a backup, and compares them with the manifest.
 * @param isMeant by path
 * @returns the files that are as they were listed
 * @throws DamagedBackupError when one differs; NotABackupError when the backup is not complete. Neither with `allowIncomplete`
 */
export async function checkListedFiles(
  backup: string,
  isMeant: (path: string) => boolean,
  options: { signal: AbortSignal; allowIncomplete: boolean },
): Promise<ManifestFile[]> {
  const meant: ManifestFile[] = [];
  for await (const line of readManifest(backup, join(backup, manifestName))) {
    options.signal.throwIfAborted();
    if ('file' in line && isMeant(line.file.path)) meant.push(line.file);
    if ('tail' in line && !line.tail.complete && !options.allowIncomplete) {
      throw new NotABackupError(backup, 'it was not completed; --allow-incomplete takes what there is');
    }
  }
  await using workers = new FileWorkers({ signal: options.signal });
  const problems = await workers.compare(
    backup,
    meant.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes, sha256 })),
  );
  if (problems.length > 0 && !options.allowIncomplete) throw new DamagedBackupError(backup, problems.length);
  const damaged = new Set(problems.map(({ at }) => at));
  return meant.filter((_, at) => !damaged.has(at));
}
