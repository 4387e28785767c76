import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ConnectionClosedError, ReadTimeoutError, WireReader } from '../runtime/wire-reader.ts';
import type { ServerLimits, TlsAcceptor } from './smtp-server-options.ts';

/** After our last reply, the peer has this long to read it before the connection is cut. */
const lingerMs = 2000;

/** One connection: lines and bytes from the peer, replies to it, collected until they are flushed; with TLS or without. */
export class SmtpConnection {
  readonly #limits: ServerLimits;
  #socket: Socket;
  #reader: WireReader;
  #tls: TLSSocket | undefined;
  #output = '';
  #closed = false;

  constructor(socket: Socket, limits: ServerLimits) {
    this.#limits = limits;
    this.#socket = socket;
    this.#reader = this.#open(socket);
  }

  get tls(): TLSSocket | undefined {
    return this.#tls;
  }

  get receivedBytes(): number {
    return this.#socket.bytesRead;
  }

  get sentBytes(): number {
    return this.#socket.bytesWritten;
  }

  get reader(): WireReader {
    return this.#reader;
  }

  /** The peer is gone, or we have closed. */
  get ended(): boolean {
    return this.#closed || this.#socket.destroyed || this.#reader.ended;
  }

  /** Adds to what the next flush sends. */
  write(text: string): void {
    this.#output += text;
  }

  /** Sends what was written; waits when the peer doesn't read. */
  async flush(): Promise<void> {
    if (this.#output === '') return;
    const socket = this.#socket;
    if (socket.destroyed) throw new ConnectionClosedError();
    socket.write(this.#output);
    this.#output = '';
    if (socket.writableLength > this.#limits.smtpReplyBytes) await this.#drain(socket);
  }

  /** The next command line; replies are sent first when it has not come yet. */
  async readLine(limitBytes: number, timeoutMs: number): Promise<Buffer> {
    const ready = this.#reader.takeLine(limitBytes);
    if (ready !== undefined) {
      if (this.#output.length > this.#limits.smtpReplyBytes) await this.flush();
      return ready;
    }
    await this.flush();
    return await this.#reader.readLine(limitBytes, timeoutMs);
  }

  /**
   * Goes on under TLS. Nothing that came before is kept: the caller has made sure that there is nothing.
   * @param requestCertificate asks the client for one
   * @throws the error of the handshake; the connection is closed then
   */
  async startTls(acceptor: TlsAcceptor, requestCertificate: boolean): Promise<void> {
    this.#reader.detach();
    const tls = await acceptor.accept(this.#socket, this.#limits.smtpHandshakeTimeoutMs, { requestCertificate });
    this.#tls = tls;
    this.#socket = tls;
    this.#reader = this.#open(tls);
  }

  /** Sends what was written, and closes. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const socket = this.#socket;
    if (socket.destroyed) return;
    if (this.#output !== '') socket.write(this.#output);
    this.#output = '';
    // Unread input would make the system cut the connection before the peer has read our last reply.
    this.#reader.detach();
    socket.on('data', () => {});
    socket.end();
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once('end', () => socket.destroySoon());
    socket.resume();
  }

  /** Ends the connection, whatever is under way. */
  cut(): void {
    this.#socket.destroy();
  }

  #open(socket: Socket): WireReader {
    // Whoever waits for the peer is told by the reader; nobody else needs to know.
    socket.on('error', () => {});
    return new WireReader(socket);
  }

  async #drain(socket: Socket): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        socket.off('drain', onDrain);
        socket.off('close', onClose);
        act();
      };
      const onDrain = (): void => settle(resolve);
      const onClose = (): void => settle(() => reject(new ConnectionClosedError()));
      const timeoutMs = this.#limits.smtpHandshakeTimeoutMs;
      const timer = setTimeout(() => settle(() => reject(new ReadTimeoutError(timeoutMs))), timeoutMs);
      socket.on('drain', onDrain);
      socket.on('close', onClose);
    });
  }
}
