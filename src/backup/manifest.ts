import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { NotABackupError } from './backup-errors.ts';

/** The manifest's lines, as FORMAT.md describes them. */
export interface ManifestHead {
  readonly format: 1;
  readonly software: string;
  readonly hostname: string;
  /** ISO 8601, UTC: everything in the backup is as of this instant. */
  readonly instant: string;
  readonly messageFiles: 'linked' | 'copied' | 'mixed' | 'unknown';
}

export type ManifestFileKind = 'database' | 'message' | 'content' | 'config' | 'unrecognised';

export interface ManifestFile {
  /** Relative to the backup, with `/`; starts with `data/` or `config/`. */
  readonly path: string;
  readonly kind: ManifestFileKind;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Permission bits, octal, such as "600". */
  readonly mode: string;
  readonly account?: string;
}

export interface ManifestTail {
  readonly complete: boolean;
  readonly files: number;
  readonly bytes: number;
  /** Message files by how they got here. */
  readonly linked: number;
  readonly copied: number;
  readonly accounts: Readonly<Record<string, { messages: number; bytes: number }>>;
  readonly pauseMs: number;
  readonly durationMs: number;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** SHA-256 of all lines before this one, line ends included. */
  readonly sha256: string;
}

export const manifestName = 'manifest.jsonl';

/** Writes the manifest line by line: its memory does not grow with the number of files. */
export class ManifestWriter implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  #buffer: string[] = [];
  #bufferedChars = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async create(path: string): Promise<ManifestWriter> {
    return new ManifestWriter(await open(path, 'wx', 0o600));
  }

  async add(line: ManifestHead | ManifestFile): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    this.#buffer.push(text);
    this.#bufferedChars += text.length;
    if (this.#bufferedChars >= 256 * 1024) await this.#writeOut();
  }

  /** Writes the last line and flushes the file. */
  async finish(tail: Omit<ManifestTail, 'sha256'>): Promise<void> {
    await this.#writeOut();
    await this.#file.writeFile(`${JSON.stringify({ ...tail, sha256: this.#hash.digest('hex') })}\n`);
    await this.#file.sync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #writeOut(): Promise<void> {
    const text = this.#buffer.join('');
    this.#buffer = [];
    this.#bufferedChars = 0;
    this.#hash.update(text);
    await this.#file.writeFile(text);
  }
}

/** A longer line than any that ManifestWriter writes: a damaged manifest must not fill memory. */
const maxLineChars = 16 * 1024 * 1024;

/**
 * Reads a manifest as a stream: head first, then the files, last the tail.
 * @throws NotABackupError when it is missing, ends early, or does not agree with its own SHA-256
 */
export async function* readManifest(
  directory: string,
  path: string,
): AsyncGenerator<{ head: ManifestHead } | { file: ManifestFile } | { tail: ManifestTail }> {
  const hash = createHash('sha256');
  const input = createReadStream(path, { encoding: 'utf8', highWaterMark: 256 * 1024 });
  let number = 0;
  let tail: ManifestTail | undefined;
  try {
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number++;
      if (tail !== undefined) throw new NotABackupError(directory, `its manifest goes on after its last line`);
      if (text.length > maxLineChars)
        throw new NotABackupError(directory, `line ${number} of its manifest is too long`);
      const line = parseLine(directory, text, number);
      if (number === 1) {
        if (!('format' in line)) throw new NotABackupError(directory, 'the first line of its manifest names no format');
        if (line.format !== 1) {
          throw new NotABackupError(directory, `it is of format ${line.format}, and this version reads format 1`);
        }
        yield { head: line };
      } else if ('path' in line) {
        yield { file: line };
      } else if ('complete' in line) {
        tail = line;
        continue;
      } else {
        throw new NotABackupError(directory, `line ${number} of its manifest is neither a file nor the end`);
      }
      hash.update(`${text}\n`);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new NotABackupError(directory, `it has no ${manifestName}: the backup was not completed`, error);
    }
    throw error;
  } finally {
    input.destroy();
  }
  if (tail === undefined) throw new NotABackupError(directory, 'its manifest ends early: the backup was not completed');
  if (tail.sha256 !== hash.digest('hex'))
    throw new NotABackupError(directory, 'its manifest was changed: its SHA-256 differs');
  yield { tail };
}

function parseLine(directory: string, text: string, number: number): ManifestHead | ManifestFile | ManifestTail {
  try {
    const line: unknown = JSON.parse(text);
    if (typeof line === 'object' && line !== null) return checked(line as Record<string, unknown>);
  } catch (error) {
    throw new NotABackupError(directory, `line ${number} of its manifest can't be read`, error);
  }
  throw new NotABackupError(directory, `line ${number} of its manifest is no object`);
}

/** Paths of a manifest lead to files that are read and written: nothing may lead out of the backup. */
function checked(line: Record<string, unknown>): ManifestHead | ManifestFile | ManifestTail {
  if ('path' in line) {
    const { path, sizeBytes, sha256, mode } = line as unknown as ManifestFile;
    const levels = typeof path === 'string' ? path.split('/') : [];
    const inside =
      levels.length > 1 &&
      (levels[0] === 'data' || levels[0] === 'config') &&
      levels.every((level) => level !== '' && level !== '.' && level !== '..' && !level.includes('\0'));
    if (!inside) throw new TypeError(`path ${JSON.stringify(path)} leads out of the backup`);
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw new TypeError('sizeBytes is no size');
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new TypeError('sha256 is no SHA-256');
    if (!/^[0-7]{3}$/.test(mode)) throw new TypeError('mode is no mode');
  }
  return line as unknown as ManifestHead | ManifestFile | ManifestTail;
}
