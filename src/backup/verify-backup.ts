import { join } from 'node:path';
import type { AccountCounts, FileProblem, Finding } from '../database/durable-part.ts';
import { fileProblem } from '../database/file-problem.ts';
import { failed } from './backup-errors.ts';
import { FileWorkers } from './file-workers.ts';
import { ListedMessages } from './listed-messages.ts';
import { type ManifestFile, type ManifestTail, manifestName, readManifest, readManifestLines } from './manifest.ts';
import { TaskPool } from './task-pool.ts';
import { Verification, type VerifyRequest, type VerifyResult } from './verification.ts';
import { walkFiles } from './walk-files.ts';

export interface VerifyBackupOptions extends VerifyRequest {
  /** Whether message files are read; false for a caller that will read each, and compare it with the manifest. Default true. */
  readonly readMessages?: boolean;
  /** Told what each account holds. */
  readonly onCounts?: (counts: AccountCounts) => void;
  /** Checks a configuration directory. */
  readonly verifyConfig?: (directory: string) => AsyncIterable<Finding>;
}

/** Files that are read together. */
const batchFiles = 1024;
const batchesAtOnce = 4;

/**
 * Proves a backup: the manifest is whole, each file it lists has its size, SHA-256 and mode, no other file is there, the databases agree
 * with themselves, each row of a message with its file, and the configuration is valid. Nothing is changed.
 *
 * Every file is read once: message files as the rows name them, all others as the manifest does. That both name the same is seen from a
 * sum over all message files, order aside; only when it differs is each that the manifest lists read once more.
 * @throws NotABackupError when there is no manifest that can be read; BackupFailedError when the disk fails
 */
export async function verifyBackup(directory: string, options: VerifyBackupOptions): Promise<VerifyResult> {
  try {
    return await verify(directory, options);
  } catch (error) {
    throw failed('verify', directory, error);
  }
}

async function verify(directory: string, options: VerifyBackupOptions): Promise<VerifyResult> {
  const { signal } = options;
  const verification = new Verification(options);
  await using workers = new FileWorkers({ signal });
  const checking: Checking = {
    directory,
    workers,
    listed: new ListedMessages(),
    verification,
    unrecognised: new Set(),
  };
  const held = new Map<string, AccountCounts>();
  const listing = readListed(checking);
  const [manifest, rows, present, config] = await Promise.allSettled([
    listing,
    verifyParts(checking, options, (counts) => {
      held.set(counts.account, counts);
      options.onCounts?.(counts);
    }),
    countFiles(directory),
    // Loading what reads it holds up this thread: from now on the others have enough to do.
    listing.then(() => Array.fromAsync(options.verifyConfig?.(join(directory, 'config')) ?? [])),
  ]);
  signal.throwIfAborted();
  if (manifest.status === 'rejected') throw manifest.reason;
  if (rows.status === 'rejected') throw rows.reason;
  if (present.status === 'rejected') throw present.reason;
  if (config.status === 'rejected') throw config.reason;
  const { tail, files, counts } = manifest.value;
  let missing = manifest.value.missing + rows.value.missing;
  if (!tail.complete) {
    for (const text of tail.errors) {
      const hint = 'Take another backup, when what was wrong is mended.';
      verification.find({ severity: 'error', code: 'backup-incomplete', message: `When taken: ${text}`, hint });
    }
  }
  if (tail.files !== files) {
    const message = `The manifest lists ${files} files and its end says ${tail.files}`;
    verification.find({ severity: 'error', code: 'manifest-count', message, hint: anotherBackup });
  }
  for (const finding of rows.value.unreferenced) {
    // What was odd when the backup was taken was told then; the backup itself is none the worse.
    const known = checking.unrecognised.has(finding.path);
    verification.find(known ? { ...finding, severity: 'warning' } : finding);
  }
  if (!checking.listed.rowsAgree) missing = manifest.value.missing + (await readListedMessages(checking));
  // A tree with just as many files as were found of those listed, and the manifest, needs no second look.
  if (present.value !== files - missing + 1) await findUnlisted(directory, verification);
  compareCounts(counts, held, verification);
  for (const finding of config.value) verification.find(finding);
  return verification.result();
}

const anotherBackup = 'Take another backup, and look at the disk this one is on.';

interface Checking {
  readonly directory: string;
  readonly workers: FileWorkers;
  readonly listed: ListedMessages;
  readonly verification: Verification;
  /** Relative to `data/`. */
  readonly unrecognised: Set<string | undefined>;
}

/** The parts' own checks, and every message file against its row. */
async function verifyParts(
  { directory, workers, listed, verification }: Checking,
  { parts, signal, full = false, readMessages = true }: VerifyBackupOptions,
  onCounts: (counts: AccountCounts) => void,
): Promise<{ missing: number; unreferenced: Finding[] }> {
  const data = join(directory, 'data');
  const unreferenced: Finding[] = [];
  let missing = 0;
  for (const part of parts) {
    verification.enter(part.name);
    const found = part.verify(data, {
      signal,
      parse: !readMessages ? 'none' : full ? 'all' : 'sample',
      onCounts,
      askInThread: (path, questions) => workers.ask(path, questions),
      checkFiles: async (files) => {
        listed.compare(files);
        if (!readMessages) return [];
        const problems = await workers.compare(data, files);
        missing += problems.filter(({ kind }) => kind === 'missing').length;
        verification.read(files.length, sizeOf(files));
        return problems;
      },
    });
    for await (const finding of found) {
      if (finding.isUnreferenced) unreferenced.push(finding);
      else verification.find(finding);
    }
  }
  return { missing, unreferenced };
}

/** Reads the manifest, and every file that it lists but message files. */
async function readListed(
  checking: Checking,
): Promise<{ tail: ManifestTail; files: number; missing: number; counts: Map<string, AccountCounts> }> {
  const { directory, listed, verification, unrecognised } = checking;
  const counts = new Map<string, AccountCounts>();
  let files = 0;
  let missing = 0;
  let tail: ManifestTail | undefined;
  await using pool = new TaskPool(batchesAtOnce);
  let batch: ManifestFile[] = [];
  const checkBatch = async (): Promise<void> => {
    const these = batch;
    batch = [];
    await pool.run(async () => {
      // Counted after the wait: batches that run meanwhile count too.
      const found = await checkFiles(checking, these);
      missing += found;
    });
  };
  for await (const lines of readManifestLines(directory, join(directory, manifestName))) {
    verification.signal.throwIfAborted();
    for (const line of lines) {
      if ('tail' in line) tail = line.tail;
      if ('counts' in line) {
        const { counts: account, ...held } = line.counts;
        counts.set(account, { account, ...held });
      }
      if (!('file' in line)) continue;
      files++;
      const { file } = line;
      if (file.kind === 'message') {
        listed.list(file);
        continue;
      }
      if (file.kind === 'unrecognised') unrecognised.add(file.path.slice('data/'.length));
      batch.push(file);
      if (batch.length === batchFiles) await checkBatch();
    }
  }
  await checkBatch();
  await pool.finish();
  return { tail: tail!, files, missing, counts };
}

/** The rows name other message files than the manifest does: those that it lists are read, whatever rows say. @returns how many are missing */
async function readListedMessages(checking: Checking): Promise<number> {
  const { directory, verification } = checking;
  let missing = 0;
  let batch: ManifestFile[] = [];
  for await (const line of readManifest(directory, join(directory, manifestName))) {
    if ('file' in line && line.file.kind === 'message') batch.push(line.file);
    if (batch.length === batchFiles || 'tail' in line) {
      missing += await checkFiles(checking, batch);
      batch = [];
    }
  }
  if (verification.counted('error') === 0) {
    const message = 'The rows of messages name other files, sizes or hashes than the manifest';
    verification.find({ severity: 'error', code: 'rows-differ', message, hint: anotherBackup });
  }
  return missing;
}

/** @returns how many are missing */
async function checkFiles(
  { directory, workers, verification }: Checking,
  files: readonly ManifestFile[],
): Promise<number> {
  const outcomes = await workers.run(files.map(({ path }) => ({ action: 'hash', source: join(directory, path) })));
  let missing = 0;
  for (const [at, file] of files.entries()) {
    const outcome = outcomes[at]!;
    const problem =
      outcome.error === undefined
        ? fileProblem.compare(file, { sizeBytes: outcome.sizeBytes, sha256: outcome.sha256 ?? '' })
        : fileProblem.fromError(outcome.error);
    if (problem?.kind === 'missing') missing++;
    if (problem !== undefined) verification.find(damaged(file, problem));
    else if (outcome.error === undefined && file.kind === 'config') {
      const wider = outcome.mode & 0o077 & ~Number.parseInt(file.mode, 8);
      if (wider === 0) continue;
      const mode = outcome.mode.toString(8).padStart(3, '0');
      const message = `"${file.path}" has mode ${mode}, the manifest says ${file.mode}`;
      const hint = `chmod ${file.mode} ${JSON.stringify(join(directory, file.path))}`;
      verification.find({ severity: 'warning', code: 'mode-differs', message, path: file.path, hint });
    }
  }
  verification.read(files.length, sizeOf(files));
  return missing;
}

function sizeOf(files: readonly { sizeBytes: number }[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

const damageCodes: Record<FileProblem['kind'], string> = {
  missing: 'file-missing',
  'not-a-file': 'not-a-file',
  size: 'size-differs',
  sha256: 'sha256-differs',
  unreadable: 'file-unreadable',
};

function damaged(file: ManifestFile, { kind, detail }: Omit<FileProblem, 'at'>): Finding {
  const whose = file.account === undefined ? '' : `Account "${file.account}": `;
  return {
    severity: 'error',
    code: damageCodes[kind],
    message: `${whose}"${file.path}" ${detail}`,
    path: file.path,
    ...(file.account === undefined ? {} : { account: file.account }),
    hint: 'This backup has lost that file; take another, and look at the disk it is on.',
  };
}

async function countFiles(directory: string): Promise<number> {
  let count = 0;
  for await (const _ of walkFiles(directory)) count++;
  return count;
}

/** Names files that the manifest doesn't list. */
async function findUnlisted(directory: string, verification: Verification): Promise<void> {
  verification.signal.throwIfAborted();
  const listed = new Set([manifestName]);
  for await (const line of readManifest(directory, join(directory, manifestName))) {
    if ('file' in line) listed.add(line.file.path);
  }
  for await (const { path } of walkFiles(directory)) {
    if (listed.has(path)) continue;
    const message = `"${path}" is not in the manifest`;
    const hint = 'Move it away: it was not there when the backup was taken.';
    verification.find({ severity: 'error', code: 'file-unlisted', message, path, hint });
  }
}

/** Format 1 has no counts. */
function compareCounts(
  listed: ReadonlyMap<string, AccountCounts>,
  held: ReadonlyMap<string, AccountCounts>,
  verification: Verification,
): void {
  for (const [account, counts] of listed) {
    const found = held.get(account);
    if (found !== undefined && textOf(counts) === textOf(found)) continue;
    const has = found === undefined ? 'is not there' : `has ${found.messages} messages`;
    const message = `Account "${account}" ${has}, and the manifest counts ${counts.messages}, or their mailboxes differ`;
    verification.find({ severity: 'error', code: 'counts-differ', message, account, hint: anotherBackup });
  }
}

function textOf({ messages, bytes, mailboxes }: AccountCounts): string {
  return JSON.stringify([messages, bytes, mailboxes.map((each) => [each.mailbox, each.messages, each.bytes]).sort()]);
}
