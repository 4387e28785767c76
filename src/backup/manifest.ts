import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
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
  /** SHA-256 of all before it: the lines before this one, line ends included, and this one up to the comma before `"sha256"`. */
  readonly sha256: string;
}

export const manifestName = 'manifest.jsonl';

/** Writes the manifest line by line: its memory does not grow with the number of files. */
export class ManifestWriter implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  #buffer: string[] = [];
  #bufferedChars = 0;
  #writing: Promise<void> = Promise.resolve();

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
    const text = JSON.stringify(tail).slice(0, -1);
    this.#buffer.push(text);
    await this.#writeOut();
    await this.#file.writeFile(`,"sha256":"${this.#hash.digest('hex')}"}\n`);
    await this.#file.sync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  /** One after the other: two writes under way at once may overtake each other. */
  async #writeOut(): Promise<void> {
    const text = this.#buffer.join('');
    this.#buffer = [];
    this.#bufferedChars = 0;
    this.#hash.update(text);
    this.#writing = this.#writing.then(() => this.#file.writeFile(text));
    await this.#writing;
  }
}

/** A longer line than any that ManifestWriter writes: a damaged manifest must not fill memory. */
const maxLineBytes = 16 * 1024 * 1024;
const lineEnd = 10;

/**
 * Reads a manifest as a stream: head first, then the files, last the tail.
 * @throws NotABackupError when it is missing, ends early, or does not agree with its own SHA-256
 */
export async function* readManifest(
  directory: string,
  path: string,
): AsyncGenerator<{ head: ManifestHead } | { file: ManifestFile } | { tail: ManifestTail }> {
  const hash = createHash('sha256');
  let number = 0;
  let tail: ManifestTail | undefined;
  for await (const bytes of readLines(directory, path)) {
    number++;
    if (tail !== undefined) throw new NotABackupError(directory, `its manifest goes on after its last line`);
    const line = parseLine(directory, bytes, number);
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
      const rest = `,"sha256":"${tail.sha256}"}`;
      if (!bytes.subarray(-rest.length).equals(Buffer.from(rest))) {
        throw new NotABackupError(directory, 'its manifest was changed: its last line does not end with its SHA-256');
      }
      hash.update(bytes.subarray(0, -rest.length));
      continue;
    } else {
      throw new NotABackupError(directory, `line ${number} of its manifest is neither a file nor the end`);
    }
    hash.update(bytes).update('\n');
  }
  if (tail === undefined) throw new NotABackupError(directory, 'its manifest ends early: the backup was not completed');
  if (tail.sha256 !== hash.digest('hex'))
    throw new NotABackupError(directory, 'its manifest was changed: its SHA-256 differs');
  yield { tail };
}

/** Lines without their ends, byte for byte: what is hashed is what is there. */
async function* readLines(directory: string, path: string): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let pieceBytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
      let start = 0;
      for (let end = chunk.indexOf(lineEnd); end !== -1; end = chunk.indexOf(lineEnd, start)) {
        const piece = chunk.subarray(start, end);
        yield pieces.length === 0 ? piece : Buffer.concat([...pieces, piece]);
        pieces = [];
        pieceBytes = 0;
        start = end + 1;
      }
      if (start === chunk.length) continue;
      pieces.push(chunk.subarray(start));
      pieceBytes += chunk.length - start;
      if (pieceBytes > maxLineBytes) throw new NotABackupError(directory, 'a line of its manifest is too long');
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new NotABackupError(directory, `it has no ${manifestName}: the backup was not completed`, error);
    }
    throw error;
  }
  if (pieces.length > 0) throw new NotABackupError(directory, 'its manifest ends early, within a line');
}

function parseLine(directory: string, bytes: Buffer, number: number): ManifestHead | ManifestFile | ManifestTail {
  try {
    const line: unknown = JSON.parse(bytes.toString('utf8'));
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
