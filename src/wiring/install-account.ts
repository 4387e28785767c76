import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DamagedBackupError } from '../backup/backup-errors.ts';
import { FileWorkers } from '../backup/file-workers.ts';
import { flushTree } from '../backup/flush-tree.ts';
import { type ManifestFile, manifestName, readManifest } from '../backup/manifest.ts';
import { countRestores, recordRestore } from '../backup/restore-record.ts';
import type { ControlServices, InstallRequest } from '../control/control-services.ts';
import { createSqliteEngine } from '../database/sqlite/sqlite-engine.ts';
import type { Clock } from '../runtime/clock.ts';
import { syncFileSystem } from '../runtime/durable-file.ts';
import { type Log, silentLog } from '../runtime/log.ts';
import { removeTree } from '../runtime/remove-tree.ts';
import { accountDatabaseKind } from '../store/account-database.ts';
import type { DataDirectory } from './open-data-directory.ts';

const batchFiles = 1024;

/**
 * Brings a whole account back: its files are copied to `tmp/` and compared with the manifest, its database is made safe to go on from, all is
 * flushed, and then it gets its place with one rename. A crash before that leaves something in `tmp/`, which the next start removes.
 */
export function installAccount({
  data,
  clock,
  log,
}: {
  data: DataDirectory;
  clock: Clock;
  log: Log;
}): ControlServices['installAccount'] {
  return async (request) => {
    const directory = await mkdtemp(join(data.path, 'tmp', 'account-'));
    try {
      {
        await using workers = new FileWorkers({ signal: request.signal, niceness: 10 });
        await copyAccount(request, directory, workers);
        await makeSafe(request, directory, workers, clock.now());
      }
      mkdirSync(join(directory, 'msg'), { recursive: true, mode: 0o700 });
      if (!(await syncFileSystem(directory))) await flushTree(directory);
      await recordRestore(request.backup, {
        at: new Date(clock.now()).toISOString(),
        dataDirectory: data.path,
      }).catch((error: unknown) => {
        log.warn({ err: error, path: request.backup }, 'Cannot write down this restore beside the backup');
      });
      await data.accounts.install(request.name, directory);
    } finally {
      await removeTree(directory);
    }
  };
}

/** @throws DamagedBackupError, unless what there is of the account is enough */
async function copyAccount(
  { backup, account, source, allowIncomplete, signal, onProgress }: InstallRequest,
  directory: string,
  workers: FileWorkers,
): Promise<void> {
  const root = `data/accounts/${account}/`;
  const { messages: total } = await source.stored.account();
  let done = 0;
  let damaged = 0;
  let batch: ManifestFile[] = [];
  const copyBatch = async (): Promise<void> => {
    const targets = batch.map(({ path }) => join(directory, path.slice(root.length)));
    for (const target of new Set(targets.map(dirname))) mkdirSync(target, { recursive: true, mode: 0o700 });
    const outcomes = await workers.run(
      batch.map(({ path, mode }, index) => ({
        action: 'copy',
        source: join(backup, path),
        target: targets[index]!,
        mode: Number.parseInt(mode, 8) & 0o700,
      })),
    );
    for (const [index, outcome] of outcomes.entries()) {
      const { error } = outcome;
      if (error !== undefined && /^(?:ENOSPC|EDQUOT|EROFS)$/.test(error.code)) {
        throw Object.assign(new Error(error.message), { code: error.code });
      }
      if (outcome.error === undefined && outcome.sha256 === batch[index]!.sha256) continue;
      damaged++;
      await rm(targets[index]!, { force: true });
    }
    done += batch.length;
    onProgress(Math.min(done, total), total);
    batch = [];
  };
  for await (const line of readManifest(backup, join(backup, manifestName))) {
    signal.throwIfAborted();
    if ('file' in line && line.file.path.startsWith(root)) batch.push(line.file);
    if (batch.length === batchFiles) await copyBatch();
  }
  await copyBatch();
  if (damaged > 0 && !allowIncomplete) throw new DamagedBackupError(backup, damaged);
}

/** In an engine of its own: a change of every row would hold up the writers of other accounts. */
async function makeSafe(request: InstallRequest, directory: string, workers: FileWorkers, now: number): Promise<void> {
  const { backup, instant, allowIncomplete } = request;
  await using engine = createSqliteEngine({ log: silentLog, workers: 1 });
  await using database = await engine.open(accountDatabaseKind, join(directory, 'index.db'));
  const restores = await countRestores(backup);
  await database.write('passOverUnknown', { now, instant, restores });
  // Whom its owner has let in, to an account of another name is not let in.
  if (request.name !== request.account) await database.write('clearAcls', undefined);
  if (!allowIncomplete) return;
  for await (const { mailboxId, ...message } of lostMessages(request, directory, workers)) {
    const ranges = [[message.uid, message.uid]] as const;
    await database.write('expungeMessages', { mailboxId, ranges, which: 'all' });
    request.onDamaged(message);
  }
}

/** Messages of the backup whose files could not be copied as they were stored. */
async function* lostMessages(
  { source: { stored } }: InstallRequest,
  directory: string,
  workers: FileWorkers,
): AsyncGenerator<{ mailboxId: number; mailbox: string; uid: number; subject: string; detail: string }> {
  for (let after = 0; ; ) {
    const files = await stored.files(after, batchFiles);
    if (files.length === 0) return;
    const problems = await workers.compare(
      directory,
      files.map(({ path, fileSizeBytes: sizeBytes, sha256 }) => {
        return { path, sizeBytes, sha256: Buffer.from(sha256).toString('hex') };
      }),
    );
    for (const { at, detail } of problems) {
      for (const place of await stored.placesOf(files[at]!.contentId)) {
        yield { ...place, detail: `its file ${detail} in the backup` };
      }
    }
    after = files.at(-1)!.contentId;
  }
}
