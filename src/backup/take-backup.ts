/**
 * Takes a backup: everything as of one instant, while writers go on.
 *
 * On disk (FORMAT.md has the bytes): `<destination>.incomplete/` is filled with `data/`, `config/` and `manifest.jsonl`; every file
 * and directory is flushed; then the manifest's last line is written and flushed, and the directory renamed to `<destination>`.
 *
 * Invariants: nothing named `<destination>` is ever incomplete. No file of the data directory is written to.
 * A crash leaves `<destination>.incomplete`, which the next backup to the same destination removes.
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { link, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CapturedFile, DurablePart } from '../database/durable-part.ts';
import type { DatabaseEngine, DatabaseSnapshot } from '../database/engine.ts';
import type { Clock } from '../runtime/clock.ts';
import { syncDirectory } from '../runtime/durable-file.ts';
import { incompletePath, prepareDestination } from './backup-destination.ts';
import { readConfigFiles } from './config-files.ts';
import { copyFileHashed, hashFile } from './copy-file.ts';
import { type ManifestFileKind, type ManifestTail, ManifestWriter, manifestName } from './manifest.ts';
import { TaskPool } from './task-pool.ts';
import { walkFiles } from './walk-files.ts';

export interface BackupOptions {
  readonly engine: DatabaseEngine;
  readonly parts: readonly DurablePart[];
  readonly dataDirectory: string;
  readonly configDirectory: string;
  /** Absolute; must not exist, or be empty. */
  readonly destination: string;
  /** `link`: hard links where the file system can, which share their bytes with the live files. */
  readonly messageFiles: 'link' | 'copy';
  readonly software: string;
  readonly hostname: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** `error`: the backup will be incomplete. `warning`: no effect on the result. `verbose`: what is being done. */
  readonly report: (severity: 'error' | 'warning' | 'verbose', text: string, fields?: Record<string, unknown>) => void;
  readonly onProgress?: (progress: BackupProgress) => void;
}

export interface BackupProgress {
  readonly phase: string;
  readonly files: number;
  readonly bytes: number;
}

export interface BackupResult extends Omit<ManifestTail, 'sha256'> {
  /** Where it is: the destination, or that with `.incomplete` when not complete. */
  readonly path: string;
  readonly instant: string;
}

const parallelFiles = 8;
/** Findings kept in the manifest; further ones are counted. */
const maxFindings = 1000;
const linkImpossible = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * @returns the result; `complete` is false when some file could not be taken, and the backup then keeps the name `.incomplete`
 * @throws BackupDestinationError before anything is written; when cancelled, or when the destination fails (full disk, I/O error),
 *   that error, after removing what was written
 */
export async function takeBackup(options: BackupOptions): Promise<BackupResult> {
  const destination = await prepareDestination(options.destination, {
    dataDirectory: options.dataDirectory,
    configDirectory: options.configDirectory,
    onStale: (path) => options.report('warning', 'removing an interrupted backup', { path }),
  });
  const incomplete = incompletePath(destination);
  await mkdir(incomplete, { mode: 0o700 });
  try {
    const result = await new Backup(options, incomplete).run();
    if (!result.complete) return { ...result, path: incomplete };
    await rename(incomplete, destination);
    await syncDirectory(dirname(destination));
    return { ...result, path: destination };
  } catch (error) {
    await rm(incomplete, { recursive: true, force: true });
    throw error;
  }
}

class Backup {
  readonly #options: BackupOptions;
  readonly #root: string;
  readonly #directories = new Set<string>();
  readonly #errors: string[] = [];
  readonly #warnings: string[] = [];
  readonly #accounts: Record<string, { messages: number; bytes: number }> = {};
  #files = 0;
  #bytes = 0;
  #linked = 0;
  #copied = 0;
  #linking: boolean;
  #phase = 'snapshot';

  constructor(options: BackupOptions, root: string) {
    this.#options = options;
    this.#root = root;
    this.#linking = options.messageFiles === 'link';
  }

  async run(): Promise<Omit<BackupResult, 'path'>> {
    const { engine, parts, dataDirectory, configDirectory, clock, report } = this.#options;
    const startedAt = clock.now();
    let configFiles: ReturnType<typeof readConfigFiles> = [];
    await using snapshot = await engine.snapshot(async () => {
      configFiles = readConfigFiles(configDirectory, dataDirectory);
      for (const part of parts) await part.captureAtInstant(dataDirectory);
    });
    const instant = new Date(snapshot.instant).toISOString();
    report('verbose', 'snapshot taken', { instant, pauseMs: Math.round(snapshot.pauseMs * 10) / 10 });

    await using manifest = await ManifestWriter.create(join(this.#root, manifestName));
    await manifest.add({
      format: 1,
      software: this.#options.software,
      hostname: this.#options.hostname,
      instant,
      messageFiles: this.#linking ? 'linked' : 'copied',
    });
    this.#makeDirectory('data');
    for (const file of configFiles) {
      await this.#writeContent(manifest, `config/${file.path}`, 'config', file.bytes, file.mode);
    }
    for (const part of parts) {
      this.#phase = part.name;
      const partStartedAt = clock.now();
      const filesBefore = this.#files;
      await this.#capturePart(manifest, part, snapshot);
      report('verbose', `${part.name} backed up`, {
        files: this.#files - filesBefore,
        durationMs: clock.now() - partStartedAt,
      });
    }
    this.#phase = 'unrecognised files';
    await this.#copyUnrecognised(manifest);
    this.#phase = 'flush';
    for (const directory of this.#directories) await syncDirectory(join(this.#root, directory));
    await syncDirectory(this.#root);

    const tail: Omit<ManifestTail, 'sha256'> = {
      complete: this.#errors.length === 0,
      files: this.#files,
      bytes: this.#bytes,
      linked: this.#linked,
      copied: this.#copied,
      accounts: this.#accounts,
      pauseMs: snapshot.pauseMs,
      durationMs: clock.now() - startedAt,
      errors: this.#errors,
      warnings: this.#warnings,
    };
    this.#options.signal.throwIfAborted();
    await manifest.finish(tail);
    return { ...tail, instant };
  }

  async #capturePart(manifest: ManifestWriter, part: DurablePart, snapshot: DatabaseSnapshot): Promise<void> {
    await using pool = new TaskPool(parallelFiles);
    try {
      for await (const file of part.capture(snapshot, this.#options.dataDirectory)) {
        this.#options.signal.throwIfAborted();
        if (file.kind === 'message') await pool.run(() => this.#takeMessage(manifest, file));
        else if (file.kind === 'database') await this.#takeDatabase(manifest, file.path, snapshot);
        else await this.#writeContent(manifest, `data/${file.path}`, 'content', file.bytes, file.mode);
      }
    } catch (error) {
      this.#fail(`${part.name} could not be read`, part.name, error);
    }
    await pool.finish();
  }

  async #takeDatabase(manifest: ManifestWriter, path: string, snapshot: DatabaseSnapshot): Promise<void> {
    const target = `data/${path}`;
    this.#makeDirectory(dirname(target));
    const { signal, dataDirectory, report, clock } = this.#options;
    const startedAt = clock.now();
    try {
      await snapshot.copy(join(dataDirectory, path), join(this.#root, target), {
        signal,
        onProgress: (doneBytes) => this.#progress(doneBytes),
      });
      const { sizeBytes, sha256 } = await hashFile(join(this.#root, target), signal);
      await this.#add(manifest, { path: target, kind: 'database', sizeBytes, sha256, mode: '600' });
      report('verbose', 'database copied', { path, sizeBytes, durationMs: clock.now() - startedAt });
    } catch (error) {
      await rm(join(this.#root, target), { force: true });
      this.#fail('a database could not be copied', path, error);
    }
  }

  async #takeMessage(manifest: ManifestWriter, file: CapturedFile & { kind: 'message' }): Promise<void> {
    const source = join(this.#options.dataDirectory, file.path);
    const target = `data/${file.path}`;
    this.#makeDirectory(dirname(target));
    const destination = join(this.#root, target);
    try {
      const found = await lstat(source);
      if (!found.isFile()) throw new Error('it is not a regular file');
      if (found.size !== file.sizeBytes) throw new Error(`its size is ${found.size}, its row says ${file.sizeBytes}`);
      const linked = await this.#tryLink(source, destination);
      const mode = found.mode & (linked ? 0o777 : 0o700);
      if (!linked) {
        const copy = await copyFileHashed(source, destination, mode, this.#options.signal);
        if (copy.sha256 !== file.sha256) {
          await rm(destination, { force: true });
          throw new Error("its bytes are not those that its row's SHA-256 was made of");
        }
      }
      if (linked) this.#linked++;
      else this.#copied++;
      const { sizeBytes, sha256, account } = file;
      await this.#add(manifest, {
        path: target,
        kind: 'message',
        sizeBytes,
        sha256,
        mode: octal(mode),
        ...(account && { account }),
      });
      if (account !== undefined) {
        this.#accounts[account] ??= { messages: 0, bytes: 0 };
        this.#accounts[account].messages++;
        this.#accounts[account].bytes += sizeBytes;
      }
    } catch (error) {
      this.#fail('a message file could not be taken', file.path, error);
    }
  }

  async #tryLink(source: string, destination: string): Promise<boolean> {
    if (!this.#linking) return false;
    try {
      await link(source, destination);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined || !linkImpossible.has(code)) throw error;
      if (code !== 'EMLINK' && this.#linking) {
        this.#linking = false;
        const hint =
          code === 'EXDEV'
            ? "the destination is on another file system or mount point (each of systemd's ReadWritePaths is one)"
            : "the file system can't";
        this.#warn(`message files can't be hard-linked and are copied: ${code}: ${hint}`, {});
      }
      return false;
    }
  }

  async #copyUnrecognised(manifest: ManifestWriter): Promise<void> {
    const { dataDirectory, parts, signal } = this.#options;
    for await (const { path, kind } of walkFiles(dataDirectory, (directory) => directory !== 'tmp')) {
      signal.throwIfAborted();
      if (parts.some((part) => part.owns(path))) continue;
      if (kind === 'other') {
        this.#warn('not backed up: it is a link, socket, pipe or device', { path });
        continue;
      }
      this.#warn('a file that Restante does not know is copied as it is', { path });
      const target = `data/${path}`;
      this.#makeDirectory(dirname(target));
      try {
        const copy = await copyFileHashed(join(dataDirectory, path), join(this.#root, target), 0o600, signal);
        await this.#add(manifest, { path: target, kind: 'unrecognised', ...copy, mode: '600' });
      } catch (error) {
        await rm(join(this.#root, target), { force: true });
        this.#fail('a file could not be copied', path, error);
      }
    }
  }

  async #writeContent(
    manifest: ManifestWriter,
    target: string,
    kind: ManifestFileKind,
    bytes: Uint8Array,
    mode: number,
  ): Promise<void> {
    this.#makeDirectory(dirname(target));
    await using file = await open(join(this.#root, target), 'wx', mode);
    await file.writeFile(bytes);
    await file.chmod(mode);
    await file.sync();
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await this.#add(manifest, { path: target, kind, sizeBytes: bytes.length, sha256, mode: octal(mode) });
  }

  async #add(
    manifest: ManifestWriter,
    file: Parameters<ManifestWriter['add']>[0] & { sizeBytes: number },
  ): Promise<void> {
    await manifest.add(file);
    this.#files++;
    this.#bytes += file.sizeBytes;
    this.#progress(0);
  }

  #makeDirectory(path: string): void {
    if (this.#directories.has(path)) return;
    mkdirSync(join(this.#root, path), { recursive: true, mode: 0o700 });
    for (let level = path; level !== '.' && !this.#directories.has(level); level = dirname(level)) {
      this.#directories.add(level);
    }
  }

  #progress(moreBytes: number): void {
    this.#options.onProgress?.({ phase: this.#phase, files: this.#files, bytes: this.#bytes + moreBytes });
  }

  #warn(text: string, fields: Record<string, unknown>): void {
    this.#options.report('warning', text, fields);
    keep(this.#warnings, fields.path === undefined ? text : `${text}: ${fields.path}`);
  }

  /** A file that can't be taken makes the backup incomplete; what ends the destination or the whole backup ends it. */
  #fail(text: string, path: string, error: unknown): void {
    this.#options.signal.throwIfAborted();
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS') throw error;
    const detail = error instanceof Error ? error.message : String(error);
    this.#options.report('error', `${text}: ${detail}`, { path });
    keep(this.#errors, `${text}: ${path}: ${detail}`);
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}

function keep(findings: string[], text: string): void {
  if (findings.length < maxFindings) findings.push(text);
  else if (findings.length === maxFindings) findings.push('… and more, see the log');
}
