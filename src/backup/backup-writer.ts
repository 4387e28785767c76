import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { CapturedMessage, DurablePart } from '../database/durable-part.ts';
import type { DatabaseSnapshot } from '../database/engine.ts';
import type { Clock } from '../runtime/clock.ts';
import type { BackupProgress } from './backup-progress.ts';
import type { BackupRemarks } from './backup-remarks.ts';
import type { FileOutcome, FileTask, FileWorkers } from './file-workers.ts';
import type { ManifestFile, ManifestFileKind, ManifestWriter } from './manifest.ts';
import { TaskPool } from './task-pool.ts';

interface WriterOptions {
  readonly root: string;
  readonly dataDirectory: string;
  readonly manifest: ManifestWriter;
  readonly snapshot: DatabaseSnapshot;
  readonly workers: FileWorkers;
  readonly remarks: BackupRemarks;
  readonly progress: BackupProgress;
  readonly linking: boolean;
  readonly bytesPerSecond: number | undefined;
  readonly standBack: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Batches and databases under way at once. */
const batchesAtOnce = 4;
const linkImpossible = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);
/** Errors of the place that is written to, which end a backup; others are of the one file. */
const destinationFails = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** Takes what the parts name into the directory of a backup, and writes it down in the manifest. */
export class BackupWriter {
  readonly #options: WriterOptions;
  readonly #directories = new Set<string>();
  #linking: boolean;
  readonly counts = { files: 0, bytes: 0, linked: 0, copied: 0, unrecognised: 0, accounts: 0 };

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#linking = options.linking;
  }

  /** Takes all of a part. What can't be taken is named, and the rest taken. */
  async takePart(part: DurablePart): Promise<void> {
    const { snapshot, dataDirectory, manifest, remarks, signal } = this.#options;
    await using batches = new TaskPool(batchesAtOnce);
    // One at a time: they are copied on this thread.
    await using databases = new TaskPool(1);
    try {
      for await (const file of part.capture(snapshot, dataDirectory)) {
        signal.throwIfAborted();
        switch (file.kind) {
          case 'messages':
            await batches.run(() => this.#takeMessages(file.files));
            break;
          case 'database':
            await databases.run(() => this.#takeDatabase(file.path));
            break;
          case 'content':
            await this.writeContent(`data/${file.path}`, 'content', file.bytes, file.mode);
            break;
          case 'plain':
            remarks[file.severity === 'error' ? 'error' : 'warn'](file.reason, file.path);
            await this.takePlain(file.path);
            break;
          case 'remark':
            remarks[file.severity === 'error' ? 'error' : 'warn'](file.reason, file.path);
            break;
          case 'counts': {
            const { account, messages, bytes, mailboxes } = file;
            await manifest.add({ counts: account, messages, bytes, mailboxes });
            this.counts.accounts++;
          }
        }
      }
    } catch (error) {
      this.#fail(`${part.name} could not be read`, part.name, error);
    }
    await batches.finish();
    await databases.finish();
  }

  /** Copies a file as it lies in the data directory now. */
  async takePlain(path: string): Promise<void> {
    const target = `data/${path}`;
    this.makeDirectory(dirname(target));
    const [outcome] = await this.#work([this.#copyTask(path, target, 0o600)]);
    if (outcome.error !== undefined) return this.#fail('a file could not be copied', path, outcome.error);
    const { sizeBytes, sha256 = '' } = outcome;
    await this.#add([{ path: target, kind: 'unrecognised', sizeBytes, sha256, mode: '600' }]);
    this.counts.unrecognised++;
    this.#options.progress.add({ bytes: sizeBytes });
  }

  async writeContent(target: string, kind: ManifestFileKind, bytes: Uint8Array, mode: number): Promise<void> {
    this.makeDirectory(dirname(target));
    await using file = await open(join(this.#options.root, target), 'wx', mode);
    await file.writeFile(bytes);
    await file.chmod(mode);
    const { bytesPerSecond, signal } = this.#options;
    if (bytesPerSecond !== undefined) await wait((bytes.length / bytesPerSecond) * 1000, undefined, { signal });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await this.#add([{ path: target, kind, sizeBytes: bytes.length, sha256, mode: octal(mode) }]);
  }

  makeDirectory(path: string): void {
    if (this.#directories.has(path)) return;
    mkdirSync(join(this.#options.root, path), { recursive: true, mode: 0o700 });
    for (let level = path; level !== '.' && !this.#directories.has(level); level = dirname(level)) {
      this.#directories.add(level);
    }
  }

  async #takeDatabase(path: string): Promise<void> {
    const { snapshot, dataDirectory, root, signal, remarks, progress, clock, bytesPerSecond, standBack } =
      this.#options;
    const target = `data/${path}`;
    this.makeDirectory(dirname(target));
    const startedAt = clock.now();
    let doneBytes = 0;
    try {
      const { schemaVersion } = await snapshot.copy(join(dataDirectory, path), join(root, target), {
        signal,
        bytesPerSecond,
        mayHold: !standBack,
        // The whole file system is flushed at the end.
        flush: false,
        onProgress: (done) => {
          progress.add({ bytes: done - doneBytes });
          doneBytes = done;
        },
      });
      const [outcome] = await this.#work([{ action: 'hash', source: join(root, target) }]);
      if (outcome.error !== undefined) throw systemError(outcome.error);
      const { sizeBytes, sha256 = '' } = outcome;
      await this.#add([{ path: target, kind: 'database', sizeBytes, sha256, mode: '600', schemaVersion }]);
      remarks.tell('database copied', { path, sizeBytes, durationMs: clock.now() - startedAt });
    } catch (error) {
      await rm(join(root, target), { force: true });
      this.#fail('a database could not be copied', path, error);
    }
  }

  async #takeMessages(files: readonly CapturedMessage[], copied = !this.#linking): Promise<void> {
    const { root, dataDirectory } = this.#options;
    const tasks = files.map((file): FileTask => {
      const target = `data/${file.path}`;
      this.makeDirectory(target.slice(0, target.lastIndexOf('/')));
      if (copied) return this.#copyTask(file.path, target, 0o400);
      return { action: 'link', source: `${dataDirectory}/${file.path}`, target: `${root}/${target}` };
    });
    const outcomes = await this.#work(tasks);
    const unlinkable: CapturedMessage[] = [];
    const lines: ManifestFile[] = [];
    let bytes = 0;
    for (const [at, file] of files.entries()) {
      const outcome = outcomes[at]!;
      if (outcome.error !== undefined && !copied && linkImpossible.has(outcome.error.code)) {
        this.#linkFails(outcome.error.code);
        unlinkable.push(file);
        continue;
      }
      const wrong = outcome.error?.message ?? differs(file, outcome as Exclude<FileOutcome, { error: object }>);
      if (wrong !== undefined) {
        if (outcome.error === undefined) await rm(join(root, `data/${file.path}`), { force: true });
        this.#fail('a message file could not be taken', file.path, outcome.error ?? { code: '', message: wrong });
        continue;
      }
      const { sizeBytes, sha256, account } = file;
      const mode = copied ? '400' : octal((outcome as { mode: number }).mode);
      const line: ManifestFile = { path: `data/${file.path}`, kind: 'message', sizeBytes, sha256, mode };
      lines.push(account === undefined ? line : { ...line, account });
      bytes += sizeBytes;
    }
    await this.#add(lines);
    this.counts[copied ? 'copied' : 'linked'] += lines.length;
    this.#options.progress.add({ files: lines.length, bytes: copied ? bytes : 0 });
    if (unlinkable.length > 0) await this.#takeMessages(unlinkable, true);
  }

  /** It may have been one file only (EMLINK), or all. */
  #linkFails(code: string): void {
    // A file may have as many links as it can; others can still be linked.
    if (code === 'EMLINK' || !this.#linking) return;
    this.#linking = false;
    const hint =
      code === 'EXDEV'
        ? "the destination is on another file system or mount point (each of systemd's ReadWritePaths is one)"
        : "the file system can't";
    this.#options.remarks.warn(`message files can't be hard-linked and are copied: ${code}: ${hint}`);
  }

  #copyTask(path: string, target: string, mode: number): FileTask {
    const { root, dataDirectory } = this.#options;
    return { action: 'copy', source: `${dataDirectory}/${path}`, target: `${root}/${target}`, mode };
  }

  async #work(tasks: readonly FileTask[]): Promise<FileOutcome[]> {
    return await this.#options.workers.run(tasks);
  }

  async #add(files: readonly ManifestFile[]): Promise<void> {
    await this.#options.manifest.add(...files);
    this.counts.files += files.length;
    for (const { sizeBytes } of files) this.counts.bytes += sizeBytes;
  }

  /** A file that can't be taken makes the backup incomplete; what ends the destination or the whole backup ends it. */
  #fail(text: string, path: string, error: unknown): void {
    this.#options.signal.throwIfAborted();
    const { code, message = String(error) } = error as { code?: string; message?: string };
    if (code !== undefined && destinationFails.has(code))
      throw error instanceof Error ? error : systemError({ code, message });
    this.#options.remarks.error(`${text}: ${message}`, path);
  }
}

function differs(file: CapturedMessage, found: { sizeBytes: number; sha256?: string | undefined }): string | undefined {
  if (found.sizeBytes !== file.sizeBytes) return `its size is ${found.sizeBytes}, its row says ${file.sizeBytes}`;
  if (found.sha256 === undefined || found.sha256 === file.sha256) return undefined;
  return "its bytes are not those that its row's SHA-256 was made of";
}

function systemError({ code, message }: { code: string; message: string }): Error {
  return Object.assign(new Error(message), { code });
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}
