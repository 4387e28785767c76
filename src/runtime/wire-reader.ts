import type { Duplex } from 'node:stream';
import { RestanteError } from './errors.ts';

/** The peer closed, the connection broke, or the reader was detached, before what was asked for had come. */
export class ConnectionClosedError extends RestanteError {
  constructor(cause?: unknown) {
    super('connection-closed', 'Cannot read from the connection: it is closed', { cause });
  }
}

/** A line without an end within the limit. The reader stays usable: {@link WireReader.skipLine} goes to the next line. */
export class LineTooLongError extends RestanteError {
  constructor(limitBytes: number) {
    super('line-too-long', `Cannot read a line: it is longer than ${limitBytes} bytes`, { context: { limitBytes } });
  }
}

export class ReadTimeoutError extends RestanteError {
  constructor(timeoutMs: number) {
    super('read-timeout', `Cannot read from the connection: nothing came for ${timeoutMs} ms`, {
      context: { timeoutMs },
    });
  }
}

const lineFeed = 10;
/** Above this many unread bytes the socket is paused, so that a fast sender waits instead of filling memory. */
const highWaterBytes = 128 * 1024;
/** As many unread pieces are put together: a piece costs some hundred bytes of memory, even when it has one. */
const maxPieces = 64;

/**
 * Pull-based reading from a socket for protocols of lines and counted bytes. One reader a socket and one read at a time; what was
 * not asked for stays unread, with the socket paused.
 */
export class WireReader {
  readonly #socket: Duplex;
  #chunks: Buffer[] = [];
  #unreadBytes = 0;
  /** Chunks, and bytes in them, that are known to hold no line end: what comes byte by byte is looked at once. */
  #searchedChunks = 0;
  #searchedBytes = 0;
  #ended = false;
  #failure: unknown;
  /** The read that waits for more. */
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  /** Ends its waiting; it runs on between reads, as the next most likely waits as long. */
  #timer: NodeJS.Timeout | undefined;
  #timerMs = 0;
  readonly #onData = (chunk: Buffer): void => {
    if (this.#chunks.length >= maxPieces) this.#joinChunks();
    this.#chunks.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes >= highWaterBytes) this.#socket.pause();
    this.#wake();
  };
  readonly #onEnd = (): void => {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wake();
  };
  readonly #onError = (error: unknown): void => {
    this.#failure = error;
    this.#onEnd();
  };

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onEnd);
    socket.on('error', this.#onError);
  }

  /** Bytes that came and were not yet read. */
  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Stops reading and gives up what is unread: for the change to TLS, across which nothing may be carried (RFC 3207 §6). */
  detach(): Buffer {
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('close', this.#onEnd);
    this.#socket.off('error', this.#onError);
    const unread = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#unreadBytes = 0;
    this.#searchAgain();
    this.#onEnd();
    return unread;
  }

  /**
   * Reads up to and including the next LF.
   * @returns the line with its line end, a view that later reads don't change
   * @throws LineTooLongError, ReadTimeoutError, ConnectionClosedError
   */
  async readLine(limitBytes: number, timeoutMs: number): Promise<Buffer> {
    const ready = this.takeLine(limitBytes);
    if (ready !== undefined) return ready;
    for (;;) {
      await this.#more(timeoutMs);
      const line = this.takeLine(limitBytes);
      if (line !== undefined) return line;
    }
  }

  /** The next line if all of it is here already. */
  takeLine(limitBytes: number): Buffer | undefined {
    let before = this.#searchedBytes;
    if (before > limitBytes) throw new LineTooLongError(limitBytes);
    for (let at = this.#searchedChunks; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at];
      const end = chunk.indexOf(lineFeed);
      if (end !== -1) {
        if (before + end + 1 > limitBytes) throw new LineTooLongError(limitBytes);
        return this.#take(before + end + 1);
      }
      before += chunk.length;
      this.#searchedChunks = at + 1;
      this.#searchedBytes = before;
      if (before > limitBytes) throw new LineTooLongError(limitBytes);
    }
    return undefined;
  }

  /**
   * Drops bytes up to and including the next LF.
   * @returns the last of them, at most `tailBytes`
   */
  async skipLine(timeoutMs: number, tailBytes = 0): Promise<Buffer> {
    let tail: Buffer = Buffer.alloc(0);
    for (;;) {
      while (this.#chunks.length > 0) {
        const chunk = this.#chunks[0];
        const end = chunk.indexOf(lineFeed);
        const dropped = this.#take(end === -1 ? chunk.length : end + 1);
        tail = Buffer.concat([tail, lastBytes(dropped, tailBytes)]);
        tail = lastBytes(tail, tailBytes);
        if (end !== -1) return tail;
      }
      await this.#more(timeoutMs);
    }
  }

  /** Exactly that many bytes, in memory: for small counts. */
  async readBytes(count: number, timeoutMs: number): Promise<Buffer> {
    while (this.#unreadBytes < count) {
      this.#socket.resume();
      await this.#more(timeoutMs);
    }
    return this.#take(count);
  }

  /** The next bytes, at least one and at most `limitBytes`, as they came. */
  async readChunk(limitBytes: number, timeoutMs: number): Promise<Buffer> {
    while (this.#chunks.length === 0) await this.#more(timeoutMs);
    const chunk = this.#chunks[0];
    return this.#take(Math.min(chunk.length, limitBytes));
  }

  /** The first bytes of what is unread, at most so many, as far as they are here. */
  peek(most: number): Buffer {
    return Buffer.concat(this.#chunks, Math.min(most, this.#unreadBytes));
  }

  /** Puts back bytes that belong to what is read next. */
  unread(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#searchAgain();
    this.#chunks.unshift(bytes);
    this.#unreadBytes += bytes.length;
  }

  #take(count: number): Buffer {
    this.#searchAgain();
    this.#unreadBytes -= count;
    const first = this.#chunks[0];
    let taken: Buffer;
    if (count === 0) {
      taken = Buffer.alloc(0);
    } else if (first.length > count) {
      taken = first.subarray(0, count);
      this.#chunks[0] = first.subarray(count);
    } else if (first.length === count) {
      taken = first;
      this.#chunks.shift();
    } else {
      const parts: Buffer[] = [];
      let left = count;
      let at = 0;
      while (left > 0) {
        const chunk = this.#chunks[at];
        if (chunk.length <= left) {
          parts.push(chunk);
          left -= chunk.length;
          at++;
        } else {
          parts.push(chunk.subarray(0, left));
          this.#chunks[at] = chunk.subarray(left);
          left = 0;
        }
      }
      this.#chunks.splice(0, at);
      taken = Buffer.concat(parts, count);
    }
    if (this.#unreadBytes < highWaterBytes && this.#socket.isPaused() && !this.#ended) this.#socket.resume();
    return taken;
  }

  #searchAgain(): void {
    this.#searchedChunks = 0;
    this.#searchedBytes = 0;
  }

  #joinChunks(): void {
    if (this.#searchedChunks === this.#chunks.length) this.#searchedChunks = 1;
    else this.#searchAgain();
    this.#chunks = [Buffer.concat(this.#chunks)];
  }

  /** Waits until more has come. */
  async #more(timeoutMs: number): Promise<void> {
    if (this.#ended) throw new ConnectionClosedError(this.#failure);
    // All that came was looked at and was not enough: a limit of the caller is above the high-water mark.
    if (this.#socket.isPaused()) this.#socket.resume();
    const before = this.#unreadBytes;
    await new Promise<void>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#startTimer(timeoutMs);
    });
    if (this.#ended && this.#unreadBytes === before) throw new ConnectionClosedError(this.#failure);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve();
  }

  #startTimer(timeoutMs: number): void {
    if (this.#timer !== undefined && this.#timerMs === timeoutMs) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timerMs = timeoutMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.reject(new ReadTimeoutError(timeoutMs));
    }, timeoutMs);
  }
}

function lastBytes(bytes: Buffer, most: number): Buffer {
  return bytes.subarray(Math.max(0, bytes.length - most));
}
