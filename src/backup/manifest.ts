import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { NotABackupError } from './backup-errors.ts';

/** The manifest's lines, as FORMAT.md describes them. */
export interface ManifestHead {
  readonly format: 1 | 2;
  readonly software: string;
  /** Versions of what it was made with, since format 2. */
  readonly node?: string;
  readonly sqlite?: string;
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
  /** Of a database, since format 2: the number of its last migration. */
  readonly schemaVersion?: number;
}

/** One line for each account, since format 2: messages and bytes as its rows count them, copies included. */
export interface ManifestCounts {
  readonly counts: string;
  readonly messages: number;
  readonly bytes: number;
  readonly mailboxes: readonly { readonly mailbox: string; readonly messages: number; readonly bytes: number }[];
}

export interface ManifestTail {
  readonly complete: boolean;
  readonly files: number;
  readonly bytes: number;
  /** Message files by how they got here. */
  readonly linked: number;
  readonly copied: number;
  /** Since format 2: files that no part of the software knows. */
  readonly unrecognised?: number;
  /** Since format 2: lines of accounts. */
  readonly accounts?: number | Readonly<Record<string, { messages: number; bytes: number }>>;
  readonly pauseMs: number;
  readonly durationMs: number;
  /** Since format 2: milliseconds that each part took. */
  readonly phasesMs?: Readonly<Record<string, number>>;
  /** The first of them, and how many there are in all since format 2. */
  readonly errors: readonly string[];
  readonly errorCount?: number;
  readonly warnings: readonly string[];
  readonly warningCount?: number;
  /** SHA-256 of all before it: the lines before this one, line ends included, and this one up to the comma before `"sha256"`. */
  readonly sha256: string;
}

export const manifestName = 'manifest.jsonl';

/** What is written; earlier ones are read. */
export const manifestFormat = 2;

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

  async add(...lines: readonly (ManifestHead | ManifestFile | ManifestCounts)[]): Promise<void> {
    for (const line of lines) {
      const text = `${textOf(line)}\n`;
      this.#buffer.push(text);
      this.#bufferedChars += text.length;
    }
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

/** Most lines are of message files, and have nothing in them that would need escaping. */
function textOf(line: ManifestHead | ManifestFile | ManifestCounts): string {
  if (!('kind' in line) || line.kind !== 'message' || line.account === undefined) return JSON.stringify(line);
  const { path, sizeBytes, sha256, mode, account } = line;
  const text = `{"path":"${path}","kind":"message","sizeBytes":${sizeBytes},"sha256":"${sha256}","mode":"${mode}","account":"${account}"}`;
  return messageLine.test(text) ? text : JSON.stringify(line);
}

/** A longer line than any that ManifestWriter writes: a damaged manifest must not fill memory. */
const maxLineBytes = 16 * 1024 * 1024;
const lineEnd = 10;
/** Read and taken apart at once: others that work on the same thread wait for a millisecond. */
const chunkBytes = 64 * 1024;

export type ManifestLine =
  | { head: ManifestHead }
  | { file: ManifestFile }
  | { counts: ManifestCounts }
  | { tail: ManifestTail };

/**
 * Reads a manifest as a stream: head first, then the files, last the tail.
 * @throws NotABackupError when it is missing, ends early, or does not agree with its own SHA-256
 */
export async function* readManifest(directory: string, path: string): AsyncGenerator<ManifestLine> {
  for await (const lines of readManifestLines(directory, path)) yield* lines;
}

/**
 * The same, a piece of the file at a time: several times as quick.
 * @throws NotABackupError like readManifest
 */
export async function* readManifestLines(directory: string, path: string): AsyncGenerator<ManifestLine[]> {
  const hash = createHash('sha256');
  let number = 0;
  let tail: ManifestTail | undefined;
  for await (const piece of readWholeLines(directory, path)) {
    const lines: ManifestLine[] = [];
    const texts = piece.toString('utf8').split('\n');
    // It ends with a line end.
    texts.pop();
    for (const text of texts) {
      number++;
      if (tail !== undefined) throw new NotABackupError(directory, 'its manifest goes on after its last line');
      const line = parseLine(directory, text, number);
      if ('complete' in line) tail = line;
      else lines.push(sorted(directory, line, number));
    }
    if (tail === undefined) hash.update(piece);
    else hash.update(beforeSha256(directory, piece, tail));
    yield lines;
  }
  if (tail === undefined) throw new NotABackupError(directory, 'its manifest ends early: the backup was not completed');
  if (tail.sha256 !== hash.digest('hex'))
    throw new NotABackupError(directory, 'its manifest was changed: its SHA-256 differs');
  yield [{ tail }];
}

function sorted(directory: string, line: Exclude<Line, ManifestTail>, number: number): ManifestLine {
  if (number === 1) {
    if (!('format' in line)) throw new NotABackupError(directory, 'the first line of its manifest names no format');
    if (line.format !== 1 && line.format !== manifestFormat) {
      const known = `this version reads formats up to ${manifestFormat}`;
      throw new NotABackupError(directory, `it is of format ${line.format}, and ${known}`);
    }
    return { head: line };
  }
  if ('path' in line) return { file: line };
  if ('counts' in line) return { counts: line };
  throw new NotABackupError(directory, `line ${number} of its manifest is neither a file nor the end`);
}

/** What the last piece holds of the bytes that the SHA-256 is of. */
function beforeSha256(directory: string, piece: Buffer, tail: ManifestTail): Buffer {
  const rest = Buffer.from(`,"sha256":"${tail.sha256}"}\n`);
  if (!piece.subarray(-rest.length).equals(rest)) {
    throw new NotABackupError(directory, 'its manifest was changed: its last line does not end with its SHA-256');
  }
  return piece.subarray(0, -rest.length);
}

/** Pieces that end with a line end, byte for byte: what is hashed is what is there. */
async function* readWholeLines(directory: string, path: string): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let pieceBytes = 0;
  try {
    // A link leads to a file that goes its own way.
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const chunks = file.createReadStream({ highWaterMark: chunkBytes, autoClose: false });
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      const end = chunk.lastIndexOf(lineEnd) + 1;
      if (end > 0) {
        yield pieces.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...pieces, chunk.subarray(0, end)]);
        pieces = [];
        pieceBytes = 0;
      }
      if (end === chunk.length) continue;
      pieces.push(chunk.subarray(end));
      pieceBytes += chunk.length - end;
      if (pieceBytes > maxLineBytes) throw new NotABackupError(directory, 'a line of its manifest is too long');
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new NotABackupError(directory, `it has no ${manifestName}: the backup was not completed`, error);
    }
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') {
      throw new NotABackupError(directory, `its ${manifestName} is a link, not a file`, error);
    }
    throw error;
  }
  if (pieces.length > 0) throw new NotABackupError(directory, 'its manifest ends early, within a line');
}

type Line = ManifestHead | ManifestFile | ManifestCounts | ManifestTail;

/** As ManifestWriter writes the line of a message file, whose path can lead nowhere else. */
const messageLine =
  /^\{"path":"(data\/accounts\/[a-z0-9][a-z0-9._-]*\/msg\/\d+\/\d+)","kind":"message","sizeBytes":(\d{1,15}),"sha256":"([0-9a-f]{64})","mode":"([0-7]{3})","account":"([a-z0-9._-]+)"\}$/;

function parseLine(directory: string, text: string, number: number): Line {
  const message = messageLine.exec(text);
  if (message !== null) {
    const [, path = '', sizeBytes, sha256 = '', mode = '', account = ''] = message;
    return { path, kind: 'message', sizeBytes: Number(sizeBytes), sha256, mode, account };
  }
  try {
    const line: unknown = JSON.parse(text);
    if (typeof line === 'object' && line !== null) return checked(line as Record<string, unknown>);
  } catch (error) {
    throw new NotABackupError(directory, `line ${number} of its manifest can't be read`, error);
  }
  throw new NotABackupError(directory, `line ${number} of its manifest is no object`);
}

/** Paths of a manifest lead to files that are read and written: nothing may lead out of the backup. */
function checked(line: Record<string, unknown>): Line {
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
  return line as unknown as Line;
}
