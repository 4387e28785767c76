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
import { createRequire } from 'node:module';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type * as AskAtRest from '../database/ask-at-rest.ts';
import { fileProblem } from '../database/file-problem.ts';
import type {
  AnyBatch,
  AskBatch,
  CompareBatch,
  CompareBatchDone,
  Done,
  FileBatch,
  FileBatchDone,
  WorkerSetup,
} from './file-workers.ts';

/*
 * A thread that works on files with synchronous calls: a trip through the thread pool for each call would cost several times what the
 * call does on a message of 4 KiB.
 */

const require = createRequire(import.meta.url);
let aborted = new Int32Array(new SharedArrayBuffer(4));
let paidUntilNs = new BigInt64Array(new SharedArrayBuffer(8));
let bytesPerSecond: number | undefined;
const buffer = Buffer.allocUnsafe(1024 * 1024);
/** No link is followed, and no pipe waited for. */
const toRead = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const toMake = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
/** Undefined until it was tried: whether the file system can share blocks between two files. */
let canClone: boolean | undefined;

const { niceness } = workerData as { niceness: number };
if (niceness > 0) {
  // Linux gives each thread a priority of its own. Elsewhere, or without /proc, it has the process's.
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), niceness);
  } catch {}
}

parentPort!.on('message', (message: WorkerSetup | AnyBatch) => {
  if ('action' in message) {
    const started = performance.now();
    parentPort!.postMessage(answer(message));
    // What links change is flushed by whoever flushes next: mail that arrives meanwhile would wait for all of it.
    if (niceness > 0 && message.action === 'link') Atomics.wait(aborted, 0, 0, performance.now() - started);
  } else {
    aborted = new Int32Array(message.control);
    paidUntilNs = new BigInt64Array(message.budget);
    bytesPerSecond = message.bytesPerSecond;
  }
});

function answer(batch: AnyBatch): Done {
  switch (batch.action) {
    case 'ask':
      return ask(batch);
    case 'compare':
      return compare(batch);
    default:
      return work(batch);
  }
}

function work(batch: FileBatch): FileBatchDone {
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
  return { id: batch.id, sizes: sizes.subarray(0, at), modes, sha256s, errors };
}

function compare({ id, source, sources, sizes, sha256s }: CompareBatch): CompareBatchDone {
  const problems: CompareBatchDone['problems'][number][] = [];
  const names = sources.split('\0');
  for (let at = 0; at < names.length && !isAborted(); at++) {
    const expected = { sizeBytes: sizes[at]!, sha256: sha256s.slice(at * 64, at * 64 + 64) };
    let problem: Omit<CompareBatchDone['problems'][number], 'at'> | undefined;
    try {
      if (isJust(source + names[at], expected)) continue;
      const { sizeBytes, sha256 = '' } = readFile(source + names[at]);
      problem = fileProblem.compare(expected, { sizeBytes, sha256 });
    } catch (error) {
      problem = fileProblem.fromError(error as NodeJS.ErrnoException);
    }
    if (problem !== undefined) problems.push({ at, ...problem });
  }
  return { id, problems };
}

/**
 * The quick way to see that a file is as it should be: nothing is asked of it but its bytes, and that there are no more.
 * @returns false also for what has to be looked at more closely: large and empty files, and what may be none
 */
function isJust(path: string, { sizeBytes, sha256 }: { sizeBytes: number; sha256: string }): boolean {
  if (sizeBytes === 0 || sizeBytes >= buffer.length) return false;
  const input = openSync(path, toRead);
  try {
    const count = readSync(input, buffer, 0, buffer.length, null);
    pace(count);
    if (count !== sizeBytes || readSync(input, buffer, count, 1, null) !== 0) return false;
    return hash('sha256', buffer.subarray(0, count)) === sha256;
  } finally {
    closeSync(input);
  }
}

function ask({ id, source, questions }: AskBatch): Done {
  // Most threads never open a database.
  const { askAtRest } = require('../database/ask-at-rest.ts') as typeof AskAtRest;
  return { id, answers: askAtRest(source, questions, isAborted) };
}

function isAborted(): boolean {
  return Atomics.load(aborted, 0) === 1;
}

interface Outcome {
  readonly sizeBytes: number;
  readonly mode: number;
  readonly sha256?: string;
}

function perform({ action, mode }: FileBatch, source: string, target: string): Outcome {
  switch (action) {
    case 'link':
      return link(source, target);
    case 'copy':
      return copy(source, target, mode);
    case 'hash':
      return readFile(source);
  }
}

function link(source: string, target: string): Outcome {
  const { size, mode } = regular(lstatSync(source));
  linkSync(source, target);
  return { sizeBytes: size, mode: mode & 0o777 };
}

function copy(source: string, target: string, mode: number): Outcome {
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
  const output = openSync(target, toMake, mode);
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
function readFile(path: string, take?: (bytes: Buffer) => void): Outcome {
  const input = openSync(path, toRead);
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
