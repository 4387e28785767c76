import type { Duplex } from 'node:stream';
import type { ByteText } from '../message/structure.ts';
import { ConnectionClosedError } from '../runtime/wire-reader.ts';

/** Gathered before it is handed to the socket: a system call for each line would be most of the cost of FETCH. */
const chunkBytes = 64 * 1024;
/** Handed to the socket and not yet taken by the peer: above this, responses wait. */
const unsentLimitBytes = 64 * 1024;
/** So much on its way that nothing more is to be written: reached by messages that are handed over without a chunk. */
const unsentFullBytes = 256 * 1024;
/** Bytes of at least this length are not copied into a chunk. */
const copyLimitBytes = 16 * 1024;
/** What {@link ResponseWriter.writeDirect} takes. */
export const directLimitBytes = 60 * 1024;

/** Of what needs no waiting for, as nearly all. */
const sent = Promise.resolve();

/** Chunks that were sent, for the next who needs one. */
const spareChunks: Buffer[] = [];
const maxSpareChunks = 16;

/**
 * Gathers responses and writes them with back-pressure: a client that doesn't read costs at most about three chunks. Text is byte
 * text, one character a byte. Between commands it holds no buffer.
 */
export class ResponseWriter {
  readonly #socket: Duplex;
  readonly #timeoutMs: number;
  #text = '';
  #chunk: Buffer | undefined;
  #used = 0;
  #unsent = 0;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(socket: Duplex, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
  }

  /** Whether to call {@link flush} before more is written. */
  get full(): boolean {
    return this.#text.length + this.#used >= chunkBytes || this.#unsent > unsentFullBytes;
  }

  write(text: ByteText): void {
    this.#text += text;
  }

  /** @param bytes must not change any more */
  writeBytes(bytes: Uint8Array): void {
    if (bytes.length >= copyLimitBytes) {
      this.send();
      this.#hand(bytes);
      return;
    }
    this.#textToChunk();
    const chunk = this.#room(bytes.length);
    chunk.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /**
   * Writes text and then bytes that somebody puts straight into the buffer.
   * @param bytes at most {@link directLimitBytes}
   * @param fill puts them into `target` at `at`, where there is room for one byte more; when it throws, nothing was written
   */
  writeDirect(text: ByteText, bytes: number, fill: (target: Buffer, at: number) => void): void {
    this.#textToChunk();
    const chunk = this.#room(text.length + bytes + 1);
    fill(chunk, this.#used + text.length);
    chunk.write(text, this.#used, 'latin1');
    this.#used += text.length + bytes;
  }

  /** The buffer, with room for so many bytes more at {@link position}, for who puts them there himself and then says so by {@link advance}. */
  reserve(bytes: number): Buffer {
    this.#textToChunk();
    return this.#room(bytes);
  }

  get position(): number {
    return this.#used;
  }

  /** @param position after the bytes that were put */
  advance(position: number): void {
    this.#used = position;
  }

  /**
   * Sends what was written, and waits while too much is on its way.
   * @throws ConnectionClosedError, also when the peer takes nothing for too long
   */
  flush(): Promise<void> {
    this.send();
    return this.#unsent <= unsentLimitBytes && this.#failure === undefined ? sent : this.#waitUntil(unsentLimitBytes);
  }

  /** Sends what was written and waits until the socket has taken all. */
  async drain(): Promise<void> {
    this.send();
    await this.#waitUntil(0);
  }

  async #waitUntil(unsentBytes: number): Promise<void> {
    while (this.#unsent > unsentBytes && this.#failure === undefined) {
      if (this.#socket.destroyed) this.#failure = new ConnectionClosedError();
      else await this.#progress();
    }
    if (this.#failure !== undefined) throw new ConnectionClosedError(this.#failure);
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#failure = new Error(`Cannot write to the connection: nothing was read for ${this.#timeoutMs} ms`);
        this.#socket.destroy();
        this.#wake?.();
      }, this.#timeoutMs);
      const wake = (): void => {
        clearTimeout(timer);
        this.#socket.off('close', wake);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = wake;
      this.#socket.once('close', wake);
    });
  }

  /** Sends what was written, and waits for nothing: for little. */
  send(): void {
    if (this.#chunk === undefined) {
      if (this.#text === '') return;
      const text = this.#text;
      this.#text = '';
      this.#hand(text);
      return;
    }
    this.#textToChunk();
    // Long text goes out by itself, after the chunk.
    if (this.#chunk !== undefined) this.#handChunk(this.#chunk);
  }

  #handChunk(chunk: Buffer): void {
    const bytes = chunk.subarray(0, this.#used);
    this.#chunk = undefined;
    this.#used = 0;
    this.#hand(bytes, chunk);
  }

  #textToChunk(): void {
    const text = this.#text;
    if (text === '') return;
    this.#text = '';
    if (text.length > chunkBytes) {
      if (this.#chunk !== undefined) this.send();
      this.#hand(text);
      return;
    }
    this.#used += this.#room(text.length).write(text, this.#used, 'latin1');
  }

  /** A chunk with at least that much room; a full one is sent first. */
  #room(bytes: number): Buffer {
    if (this.#chunk !== undefined && this.#used + bytes > this.#chunk.length) {
      this.#handChunk(this.#chunk);
    }
    this.#chunk ??= spareChunks.pop() ?? Buffer.allocUnsafeSlow(chunkBytes + copyLimitBytes);
    return this.#chunk;
  }

  /** @param chunk the memory of `data`, free again when it was sent */
  #hand(data: Uint8Array | ByteText, chunk?: Buffer): void {
    const { length } = data;
    if (length === 0 || this.#failure !== undefined) return;
    this.#unsent += length;
    const done = (error?: Error | null): void => {
      this.#unsent -= length;
      if (error) this.#failure ??= error;
      else if (chunk !== undefined && spareChunks.length < maxSpareChunks) spareChunks.push(chunk);
      this.#wake?.();
    };
    if (typeof data === 'string') this.#socket.write(data, 'latin1', done);
    else this.#socket.write(data, done);
  }
}
