import { createHash, type Hash } from 'node:crypto';
import { close, fsync, open, unlink, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StructureParser } from '../message/structure-parser.ts';
import { limits } from '../runtime/limits.ts';
import { type BufferedBytes, BufferedMessage } from './buffered-message.ts';
import { toFileError } from './file-error.ts';
import type { MessageIntake, ReceivedFile } from './messages/received-file.ts';
import { MessageTooLargeError } from './store-errors.ts';
import { temporaryName } from './temporary-name.ts';
import { WrittenMessage } from './written-message.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const flushFile = promisify(fsync);
const unlinkFile = promisify(unlink);
const writeFile: (descriptor: number, bytes: Uint8Array, offset: number) => Promise<number> = (
  descriptor,
  bytes,
  offset,
) =>
  new Promise((resolve, reject) => {
    write(descriptor, bytes, offset, bytes.length - offset, null, (error, count) =>
      error === null ? resolve(count) : reject(error),
    );
  });

/**
 * Takes a message. One of up to `limits.messageBufferBytes`, as most are, is kept in memory until it is whole, then hashed and parsed,
 * and written when it gets its first name; a larger one is written to `tmp/` on the way.
 */
export class FileIntake implements MessageIntake {
  readonly #temporaryDirectory: string;
  readonly #limitBytes: number;
  readonly #buffered: BufferedBytes;
  readonly #name = temporaryName();
  #size = 0;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #descriptor: number | undefined;
  #created = false;
  #streaming: { hash: Hash; parser: StructureParser } | undefined;
  #state: 'open' | 'finished' | 'failed' = 'open';

  constructor(temporaryDirectory: string, limitBytes: number, buffered: BufferedBytes) {
    this.#temporaryDirectory = temporaryDirectory;
    this.#limitBytes = limitBytes;
    this.#buffered = buffered;
  }

  get sizeBytes(): number {
    return this.#size;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#checkOpen();
    this.#size += chunk.length;
    if (this.#size > this.#limitBytes) {
      this.#state = 'failed';
      throw new MessageTooLargeError(this.#limitBytes);
    }
    // The caller may use its buffer again.
    this.#pending.push(Buffer.from(chunk));
    this.#pendingBytes += chunk.length;
    const limit = this.#streaming === undefined ? limits.messageBufferBytes : limits.messageWriteBytes;
    if (this.#pendingBytes <= limit) return;
    this.#streaming ??= { hash: createHash('sha256'), parser: new StructureParser() };
    await this.#writePending();
  }

  async finish(): Promise<ReceivedFile> {
    this.#checkOpen();
    if (this.#streaming === undefined) {
      const bytes = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending, this.#pendingBytes);
      this.#pending = [];
      this.#state = 'finished';
      const message = new BufferedMessage(this.#temporaryDirectory, bytes, this.#buffered);
      try {
        if (this.#buffered.bytes > limits.messageBuffersBytes) await message.leaveMemory();
      } catch (error) {
        await message[Symbol.asyncDispose]();
        throw error;
      }
      return message;
    }
    if (this.#pendingBytes > 0) await this.#writePending();
    const sha256 = this.#streaming.hash.digest();
    const structure = this.#streaming.parser.finish();
    try {
      await flushFile(this.#descriptor!);
      await this.#close();
    } catch (error) {
      this.#state = 'failed';
      throw toFileError(error, 'write', this.#path());
    }
    this.#state = 'finished';
    return new WrittenMessage(this.#temporaryDirectory, this.#name, this.#size, sha256, structure);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'finished') return;
    this.#state = 'failed';
    this.#pending = [];
    await this.#close();
    if (this.#created) await unlinkFile(this.#path()).catch(() => {});
  }

  async #writePending(): Promise<void> {
    const pieces = this.#pending;
    const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#streaming?.hash.update(bytes);
    this.#streaming?.parser.push(bytes);
    try {
      if (this.#descriptor === undefined) {
        this.#descriptor = await openFile(this.#path(), 'wx', 0o400);
        this.#created = true;
      }
      for (let offset = 0; offset < bytes.length; ) offset += await writeFile(this.#descriptor, bytes, offset);
    } catch (error) {
      this.#state = 'failed';
      throw toFileError(error, 'write', this.#path());
    }
  }

  async #close(): Promise<void> {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    await closeFile(descriptor);
  }

  #path(): string {
    return join(this.#temporaryDirectory, this.#name);
  }

  #checkOpen(): void {
    if (this.#state !== 'open') throw new TypeError(`Cannot take message: it has ${this.#state}`);
  }
}
