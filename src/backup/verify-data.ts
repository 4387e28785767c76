import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../database/durable-part.ts';
import { failed } from './backup-errors.ts';
import { FileWorkers } from './file-workers.ts';
import { moveAside } from './move-aside.ts';
import { Verification, type VerifyRequest, type VerifyResult } from './verification.ts';
import { ownership, walkFiles } from './walk-files.ts';

export interface VerifyDataOptions extends VerifyRequest {
  /** Where copies of the databases are, of a server that is at work; default: in the directory. */
  readonly databases?: string;
  /** Moves files that nothing refers to below `moved/`. Of a stopped server only. */
  readonly fix?: boolean;
  /** How much the threads that read stand back for others, 0 to 19. */
  readonly niceness?: number;
}

/**
 * Proves a data directory: every part's databases and files, and that every file has an owner. Without `fix` nothing is changed.
 * @param directory of a stopped server, whose lock the caller holds; or, with `databases`, of one at work, whose snapshot it holds
 * @throws BackupFailedError `verify-failed`, DatabaseError when the disk fails
 */
export async function verifyData(directory: string, options: VerifyDataOptions): Promise<VerifyResult> {
  try {
    return await verify(directory, options);
  } catch (error) {
    throw failed('verify', directory, error);
  }
}

async function verify(directory: string, options: VerifyDataOptions): Promise<VerifyResult> {
  await readdir(directory);
  const { parts, signal, databases, niceness = 0, full = false, fix = false } = options;
  const live = databases !== undefined;
  const verification = new Verification(options);
  const unreferenced: Finding[] = [];
  const named = new Set<string | undefined>();
  await using workers = new FileWorkers({ signal, niceness });
  for (const part of parts) {
    verification.enter(part.name);
    const found = part.verify(directory, {
      signal,
      parse: full ? 'all' : 'sample',
      live,
      ...(live ? { databases } : {}),
      askInThread: (path, questions) => workers.ask(path, questions),
      checkFiles: async (files) => {
        const problems = await workers.compare(directory, files);
        verification.read(
          files.length,
          files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        );
        return problems;
      },
    });
    for await (const finding of found) {
      if (finding.isUnreferenced) named.add(finding.path);
      if (fix && finding.isUnreferenced && finding.path !== undefined) unreferenced.push(finding);
      else verification.find(finding);
    }
  }
  const isOwned = ownership(parts);
  for await (const { path } of walkFiles(directory, (below) => below !== 'tmp')) {
    signal.throwIfAborted();
    if (isOwned(path)) {
      if (/\.db$/.test(path)) verification.read(1, (await lstat(join(directory, path))).size);
      continue;
    }
    // What a part has named already needs no second name.
    if (named.has(path)) continue;
    const message = `"${path}" is not a file of Restante's`;
    const hint = 'Move it away.';
    verification.find({ severity: 'warning', code: 'file-unknown', message, path, hint });
  }
  for (const { path = '', ...finding } of unreferenced) {
    const moved = await moveAside(directory, path);
    const message = `${finding.message}: moved to "${moved}"`;
    verification.find({
      ...finding,
      severity: 'note',
      code: 'file-moved',
      message,
      path,
      hint: `See what it is, then remove "${moved}".`,
    });
  }
  return verification.result();
}
