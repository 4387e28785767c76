import { createHash, hash } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { fileProblem } from '../database/file-problem.ts';
import type { CompareBatch, CompareBatchDone, FileBatch, FileBatchDone, WorkerSetup } from './file-workers.ts';

/*
 * A thread that works on files with synchronous calls: a trip through the thread pool for each call would cost several times what the
 * call does on a message of 4 KiB.
 */

let aborted = new Int32Array(new SharedArrayBuffer(4));
let paidUntilNs = new BigInt64Array(new SharedArrayBuffer(8));
let bytesPerSecond: number | undefined;
const buffer = Buffer.allocUnsafe(1024 * 1024);
/** Undefined until it was tried: whether the file system can share blocks between two files. */
let canClone: boolean | undefined;

const { niceness } = workerData as { niceness: number };
if (niceness > 0) {
  // Linux gives each thread a priority of its own. Elsewhere, or without /proc, it has the process's.
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), niceness);
  } catch {}
}

parentPort!.on('message', (message: WorkerSetup | FileBatch | CompareBatch) => {
  if ('sha256s' in message) compare(message);
  else if ('action' in message) {
    const started = performance.now();
    work(message);
    // What links change is flushed by whoever flushes next: mail that arrives meanwhile would wait for all of it.
    if (niceness > 0 && message.action === 'link') Atomics.wait(aborted, 0, 0, performance.now() - started);
  } else {
    aborted = new Int32Array(message.control);
    paidUntilNs = new BigInt64Array(message.budget);
    bytesPerSecond = message.bytesPerSecond;
  }
});

function work(batch: FileBatch): void {
  const sources = batch.sources.split('\0');
  const targets = batch.targets?.split('\0') ?? sources;
  const sizes = new Float64Array(sources.length);
  const modes = new Uint16Array(sources.length);
  const errors: FileBatchDone['errors'][number][] = [];
  let sha256s = '';
  let at = 0;
  for (; at < sizes.length && !isAborted(); at++) {
    try {
      const { sizeBytes, mode, sha256 = '' } = perform(batch, batch.source + sources[at], batch.target + targets[at]);
      sizes[at] = sizeBytes;
      modes[at] = mode;
      sha256s += sha256;
    } catch (error) {
      const { code = 'EUNKNOWN', message } = error as NodeJS.ErrnoException;
      errors.push({ at, code, message });
    }
  }
  const done: FileBatchDone = { id: batch.id, sizes: sizes.subarray(0, at), modes, sha256s, errors };
  parentPort!.postMessage(done);
}

function compare({ id, source, sources, sizes, sha256s }: CompareBatch): void {
  const problems: CompareBatchDone['problems'][number][] = [];
  const names = sources.split('\0');
  for (let at = 0; at < names.length && !isAborted(); at++) {
    const expected = { sizeBytes: sizes[at]!, sha256: sha256s.slice(at * 64, at * 64 + 64) };
    let problem: Omit<CompareBatchDone['problems'][number], 'at'> | undefined;
    try {
      const { sizeBytes, sha256 = '' } = readFile(source + names[at]);
      problem = fileProblem.compare(expected, { sizeBytes, sha256 });
    } catch (error) {
      problem = fileProblem.fromError(error as NodeJS.ErrnoException);
    }
    if (problem !== undefined) problems.push({ at, ...problem });
  }
  const done: CompareBatchDone = { id, problems };
  parentPort!.postMessage(done);
}

function isAborted(): boolean {
  return Atomics.load(aborted, 0) === 1;
}

interface Done {
  readonly sizeBytes: number;
  readonly mode: number;
  readonly sha256?: string;
}

function perform({ action, mode }: FileBatch, source: string, target: string): Done {
  switch (action) {
    case 'link':
      return link(source, target);
    case 'copy':
      return copy(source, target, mode);
    case 'hash':
      return readFile(source);
  }
}

function link(source: string, target: string): Done {
  const { size, mode } = regular(lstatSync(source));
  linkSync(source, target);
  return { sizeBytes: size, mode: mode & 0o777 };
}

function copy(source: string, target: string, mode: number): Done {
  if (canClone !== false && cloned(source, target)) {
    try {
      const outcome = readFile(target);
      const file = openSync(target, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        fchmodSync(file, mode);
      } finally {
        closeSync(file);
      }
      return { ...outcome, mode };
    } catch (error) {
      remove(target);
      throw error;
    }
  }
  const output = openSync(target, 'wx', mode);
  try {
    const outcome = readFile(source, (bytes) => {
      for (let at = 0; at < bytes.length; ) at += writeSync(output, bytes, at);
    });
    // The umask has taken nothing of what only the owner may do.
    if ((mode & 0o077) !== 0) fchmodSync(output, mode);
    closeSync(output);
    return { ...outcome, mode };
  } catch (error) {
    try {
      closeSync(output);
    } catch {}
    remove(target);
    throw error;
  }
}

function cloned(source: string, target: string): boolean {
  regular(lstatSync(source));
  try {
    copyFileSync(source, target, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    canClone = true;
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw error;
    // Some systems leave the empty file that they could not fill.
    remove(target);
    if (code !== undefined && /^(?:ENOTSUP|EOPNOTSUPP|EXDEV|ENOSYS|EINVAL|ENOTTY)$/.test(code)) {
      canClone = false;
      return false;
    }
    throw error;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {}
}

/** Reads a regular file to its end; no link is followed. */
function readFile(path: string, take?: (bytes: Buffer) => void): Done {
  const input = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size, mode } = regular(fstatSync(input));
    let sizeBytes = 0;
    let digest: ReturnType<typeof createHash> | undefined;
    for (;;) {
      const count = readSync(input, buffer, 0, buffer.length, null);
      sizeBytes += count;
      const bytes = buffer.subarray(0, count);
      // Nearly all messages end in their first piece: hashing that at once takes a third of the time.
      const isAll = digest === undefined && sizeBytes === size && count < buffer.length;
      if (count > 0) {
        pace(count);
        take?.(bytes);
      }
      if (isAll) return { sizeBytes, sha256: hash('sha256', bytes), mode: mode & 0o777 };
      if (count === 0) return { sizeBytes, sha256: (digest ?? createHash('sha256')).digest('hex'), mode: mode & 0o777 };
      digest ??= createHash('sha256');
      digest.update(bytes);
      if (isAborted()) throw Object.assign(new Error('interrupted'), { code: 'ABORT_ERR' });
    }
  } finally {
    closeSync(input);
  }
}

function regular<Stats extends { isFile(): boolean }>(found: Stats): Stats {
  if (!found.isFile()) throw Object.assign(new Error('it is not a regular file'), { code: 'NOT_A_FILE' });
  return found;
}

/** All workers of a pool share one budget: each byte moves on the time from when the next may be read. */
function pace(bytes: number): void {
  if (bytesPerSecond === undefined) return;
  const now = process.hrtime.bigint();
  const costNs = BigInt(Math.ceil((bytes / bytesPerSecond) * 1e9));
  for (;;) {
    const paid = Atomics.load(paidUntilNs, 0);
    let from = now;
    if (paid > now) from = paid;
    if (Atomics.compareExchange(paidUntilNs, 0, paid, from + costNs) !== paid) continue;
    for (let leftMs = Number(from - now) / 1e6; leftMs > 0 && !isAborted(); leftMs -= 100) {
      Atomics.wait(aborted, 0, 0, Math.min(leftMs, 100));
    }
    return;
  }
}
