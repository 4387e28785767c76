import type { Socket } from 'node:net';
import type { Log } from '../runtime/log.ts';
import { ConnectionClosedError, LineTooLongError, ReadTimeoutError, WireReader } from '../runtime/wire-reader.ts';
import type { Reply } from '../smtp/reply.ts';
import { type PeerReply, peerReply } from './peer-reply.ts';
import { BadReplyError, readReply } from './read-reply.ts';
import { SmtpSessionError } from './session-error.ts';

/** Commands out, replies in. Every failure of it ends the connection and is an SmtpSessionError. */
export class Channel {
  readonly host: string;
  readonly log: Log;
  #signal: AbortSignal | undefined;
  #socket: Socket;
  #reader: WireReader;

  constructor(socket: Socket, host: string, log: Log) {
    this.host = host;
    this.log = log;
    this.#socket = socket;
    this.#reader = this.#attach(socket);
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Something came that nobody asked for, or the peer closed. */
  get hasNews(): boolean {
    return this.#reader.unreadBytes > 0 || this.#reader.ended || this.#socket.destroyed;
  }

  /** Does something with the channel that ends, with the connection, when the signal aborts. */
  async within<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const onAbort = (): void => this.destroy();
    signal?.addEventListener('abort', onAbort);
    this.#signal = signal;
    try {
      return await work();
    } finally {
      this.#signal = undefined;
      signal?.removeEventListener('abort', onAbort);
    }
  }

  write(text: string | Uint8Array): void {
    this.#socket.write(text);
  }

  /**
   * @throws SmtpSessionError also for 421, after which the peer closes (RFC 5321 §3.8); the signal's reason when it has aborted
   */
  async reply(timeoutMs: number): Promise<Reply> {
    let reply: Reply;
    try {
      reply = await readReply(this.#reader, timeoutMs);
    } catch (error) {
      throw this.fail(error);
    }
    if (reply.code === 421) throw this.refuse(reply);
    return reply;
  }

  async command(command: string, timeoutMs: number): Promise<Reply> {
    this.write(`${command}\r\n`);
    const reply = await this.reply(timeoutMs);
    this.log.debug({ command: command.slice(0, 200), code: reply.code }, 'command');
    return reply;
  }

  /** Closes, and makes the error of a reply that ends the session. */
  refuse(reply: Reply): SmtpSessionError {
    this.destroy();
    return new SmtpSessionError(peerReply(reply, this.host), { context: { host: this.host } });
  }

  /** Closes, and makes the error to throw for a failure of the connection. */
  fail(error: unknown): Error {
    this.destroy();
    if (this.#signal?.aborted) return this.#signal.reason as Error;
    return new SmtpSessionError(failureReply(error), { context: { host: this.host }, cause: error });
  }

  /**
   * Gives the bare socket up for TLS. Nothing that came before it may count after it: RFC 3207 §6.
   * @returns the socket; undefined when the peer had sent more than its reply
   */
  detach(): Socket | undefined {
    return this.#reader.detach().length === 0 ? this.#socket : undefined;
  }

  use(socket: Socket): void {
    this.#socket = socket;
    this.#reader = this.#attach(socket);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #attach(socket: Socket): WireReader {
    // The reader reports failures to whoever reads; when nobody does, there is nobody to tell.
    socket.on('error', () => {});
    return new WireReader(socket);
  }
}

/** RFC 3463 §3.5: X.4.2 bad connection, X.4.1 no answer from host, X.5.0 protocol status. */
function failureReply(error: unknown): PeerReply {
  if (error instanceof ReadTimeoutError)
    return { code: 451, enhanced: '4.4.2', text: 'The server did not reply in time' };
  if (error instanceof BadReplyError || error instanceof LineTooLongError)
    return { code: 451, enhanced: '4.5.0', text: 'The server sent what is no SMTP reply' };
  const detail = error instanceof ConnectionClosedError ? '' : `: ${error instanceof Error ? error.message : error}`;
  return { code: 451, enhanced: '4.4.2', text: `The connection to the server was lost${detail}` };
}
