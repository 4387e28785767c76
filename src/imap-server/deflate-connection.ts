import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib';

/** What a session reads from and writes to. */
export type Connection = Duplex & Pick<Socket, 'destroySoon'>;

/** 134 KiB a connection, as measured: a smaller window of our own costs little, as responses are alike at short distances. */
const deflateOptions = { windowBits: 13, memLevel: 6, level: 6 };
/** Of what comes out of few bytes so much is made at a time, and no more before it was read. */
const inflateOptions = { chunkSize: 16 * 1024 };

/**
 * A connection whose both directions are compressed. What is written is flushed, so that the client can read it at once. The socket is
 * destroyed with it.
 * Source: RFC 4978 §4
 */
export class DeflateConnection extends Duplex {
  readonly #socket: Socket;
  readonly #deflate: DeflateRaw = createDeflateRaw(deflateOptions);
  readonly #inflate: InflateRaw = createInflateRaw(inflateOptions);

  /** @param received what has come since the client was told to begin */
  constructor(socket: Socket, received: Buffer) {
    super({ emitClose: true });
    this.#socket = socket;
    this.#inflate.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) this.#inflate.pause();
    });
    this.#inflate.on('end', () => this.push(null));
    // What is no deflate stream, or breaks off.
    this.#inflate.on('error', (error) => this.destroy(error));
    this.#deflate.on('error', (error) => this.destroy(error));
    // Nobody else listens: after STARTTLS an error without a listener would end the process.
    socket.on('error', (error) => this.destroy(error));
    socket.once('close', () => this.destroy());
    if (received.length > 0) this.#inflate.write(received);
    this.#deflate.pipe(socket);
    socket.pipe(this.#inflate);
  }

  /** Ends when all is sent. */
  destroySoon(): void {
    if (this.destroyed) return;
    this.end(() => this.destroy());
  }

  override _read(): void {
    this.#inflate.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#deflate.write(chunk);
    this.#deflate.flush(constants.Z_SYNC_FLUSH, () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.once('finish', () => done());
    this.#deflate.end();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.unpipe(this.#inflate);
    this.#deflate.destroy();
    this.#inflate.destroy();
    // A client that reads nothing must not keep what it was to read.
    if (this.writableFinished) this.#socket.destroySoon();
    else this.#socket.destroy();
    done(error);
  }
}
