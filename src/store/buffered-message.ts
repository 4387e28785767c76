import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { MessageStructure } from '../message/structure.ts';
import { parseStructure } from '../message/structure-parser.ts';
import type { ReceivedFile, TemporaryFile } from './messages/received-file.ts';
import { temporaryName } from './temporary-name.ts';
import { writeFlushed } from './write-flushed.ts';

/** Bytes of all messages in memory. */
export interface BufferedBytes {
  bytes: number;
}

/**
 * A small message in memory. It is written where the first account wants it, which spares a name in `tmp/`, and a flush of its
 * own for the account's directory: the file system flushes the entry with the file. Further names are links.
 */
export class BufferedMessage implements ReceivedFile {
  readonly sizeBytes: number;
  #sha256: Uint8Array | undefined;
  #structure: MessageStructure | undefined;
  readonly #temporaryDirectory: string;
  readonly #buffered: BufferedBytes;
  #bytes: Buffer | undefined;
  /** A name that it has; being written, if it has none yet. */
  #name: Promise<string> | undefined;
  #temporary: Promise<string> | undefined;

  constructor(temporaryDirectory: string, bytes: Buffer, buffered: BufferedBytes) {
    this.#temporaryDirectory = temporaryDirectory;
    this.#bytes = bytes;
    this.sizeBytes = bytes.length;
    this.#buffered = buffered;
    buffered.bytes += bytes.length;
  }

  /** Found out when somebody asks, at the latest when it leaves memory: nobody may, when the write worker does it. */
  get sha256(): Uint8Array {
    this.#sha256 ??= hash('sha256', this.#present(), 'buffer');
    return this.#sha256;
  }

  get structure(): MessageStructure {
    this.#structure ??= parseStructure(this.#present());
    return this.#structure;
  }

  async linkTo(path: string, onEntry?: () => void): Promise<void> {
    for (;;) {
      const known = this.#name;
      if (known === undefined) {
        await this.#write(path, onEntry);
        return;
      }
      // That another account could not have it is no error here.
      const name = await known.catch(() => undefined);
      if (name === undefined) continue;
      try {
        await link(name, path);
        return;
      } catch (error) {
        // Its account could not store it after all, or has removed it since.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || this.#bytes === undefined) throw error;
        if (this.#name === known) this.#name = undefined;
      }
    }
  }

  writtenBy<Result>(path: string, write: (bytes: Uint8Array) => Promise<Result>): Promise<Result> | undefined {
    if (this.#name !== undefined || this.#bytes === undefined) return undefined;
    const written = write(this.#bytes);
    this.#note(path, written);
    return written;
  }

  async temporaryFile(): Promise<TemporaryFile> {
    this.#temporary ??= this.#linkToTemporary();
    return { path: await this.#temporary, sizeBytes: this.sizeBytes, sha256: this.sha256 };
  }

  async *content(): AsyncGenerator<Uint8Array> {
    if (this.#bytes !== undefined) yield this.#bytes;
    else yield* createReadStream(join(this.#temporaryDirectory, (await this.temporaryFile()).path));
  }

  /** Goes on as a file in `tmp/`. */
  async leaveMemory(): Promise<void> {
    this.#structure ??= parseStructure(this.#present());
    const { path } = await this.temporaryFile();
    this.#name = Promise.resolve(join(this.#temporaryDirectory, path));
    this.#release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#release();
    const temporary = await this.#temporary?.catch(() => undefined);
    // What stays behind is removed at the next start.
    if (temporary !== undefined) await unlink(join(this.#temporaryDirectory, temporary)).catch(() => {});
  }

  async #linkToTemporary(): Promise<string> {
    const name = temporaryName();
    await this.linkTo(join(this.#temporaryDirectory, name));
    return name;
  }

  async #write(path: string, onEntry: (() => void) | undefined): Promise<void> {
    const written = writeFlushed(path, this.#present(), onEntry);
    this.#note(path, written);
    await written;
  }

  #note(path: string, written: Promise<unknown>): void {
    this.#name = written.then(
      () => path,
      (error: unknown) => {
        this.#name = undefined;
        throw error;
      },
    );
    // Whoever writes it is told.
    this.#name.catch(() => {});
  }

  #present(): Buffer {
    if (this.#bytes === undefined) throw new TypeError('Cannot use a message that was disposed of');
    return this.#bytes;
  }

  #release(): void {
    if (this.#bytes === undefined) return;
    this.#buffered.bytes -= this.#bytes.length;
    this.#bytes = undefined;
  }
}
