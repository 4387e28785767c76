import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { errorReply } from '../delivery/error-reply.ts';
import type { Log } from '../runtime/log.ts';
import { ConnectionClosedError, LineTooLongError, ReadTimeoutError } from '../runtime/wire-reader.ts';
import type { AuthenticatedIdentity } from '../sasl/server-mechanism.ts';
import { BareLineEndError, parseCommandLine } from '../smtp/command-line.ts';
import { formatErrorReply, formatReply } from '../smtp/reply.ts';
import { SmtpError } from '../smtp/smtp-error.ts';
import { commands } from './command-map.ts';
import { FatalSmtpError } from './fatal-smtp-error.ts';
import { ForgedResults } from './forged-results.ts';
import { MessageReceiver } from './message-receiver.ts';
import type { ServerState } from './server-state.ts';
import { SmtpConnection } from './smtp-connection.ts';
import type { SmtpListener } from './smtp-server-options.ts';
import type { Transaction } from './transaction.ts';

/** One client's session, from the greeting to the end. Source: RFC 5321 §3, §4 */
export class SmtpSession {
  readonly server: ServerState;
  readonly listener: SmtpListener;
  readonly connection: SmtpConnection;
  readonly remoteAddress: string;
  readonly log: Log;
  /** After HELO or EHLO. */
  hello: { readonly name: string; readonly extended: boolean } | undefined;
  /** After AUTH. */
  identity: AuthenticatedIdentity | undefined;
  /** To be called when who is logged in is so no more. */
  leave: (() => void) | undefined;
  transaction: Transaction | undefined;
  /** Set by a command after whose reply the connection is to be closed. */
  ending = false;
  #errors = 0;
  /** Commands since the last message that got nothing done. */
  #junk = 0;
  #waiting = false;
  /** The command under way. */
  #verb: string | undefined;
  /** What the client is to be told before the next command. */
  #farewell: string | undefined;

  constructor(server: ServerState, listener: SmtpListener, socket: Socket, remoteAddress: string, log: Log) {
    this.server = server;
    this.listener = listener;
    this.connection = new SmtpConnection(socket, server.limits);
    this.remoteAddress = remoteAddress;
    this.log = log;
  }

  get hostname(): string {
    return this.listener.hostname ?? this.server.options.hostname;
  }

  startMessage(): MessageReceiver {
    const { options, limits } = this.server;
    const names = new Set([this.hostname.toLowerCase(), options.hostname.toLowerCase()]);
    const forgedResults = this.listener.kind === 'mx' ? new ForgedResults(names) : undefined;
    return new MessageReceiver(options.accounts, limits, forgedResults);
  }

  reply(code: number, enhancedCode: string | undefined, text: string | readonly string[]): void {
    this.connection.write(formatReply(code, enhancedCode, text));
  }

  /** Runs the session to its end; never throws. */
  async run(): Promise<void> {
    try {
      if (this.listener.tls === 'implicit') await this.startTls();
      this.reply(220, undefined, `${this.hostname} ESMTP Restante`);
      while (!this.ending) {
        if (this.#farewell !== undefined) this.#sayFarewell(this.#farewell);
        else if (this.server.stopping && this.transaction === undefined) this.#sayGoodbye();
        else await this.#serveCommand();
      }
    } catch (error) {
      this.#giveUp(error);
    } finally {
      this.leave?.();
      await this.resetTransaction();
      this.connection.close();
    }
  }

  /** @throws FatalSmtpError when the handshake fails */
  async startTls(): Promise<void> {
    const { acceptor, kind } = this.listener;
    if (acceptor === undefined) throw new FatalSmtpError(454, '4.7.0', 'TLS is not available');
    try {
      await this.connection.startTls(acceptor, kind === 'submission');
    } catch (error) {
      throw new ConnectionClosedError(error);
    }
    // RFC 3207 §4.2: what was known of the client is forgotten.
    this.hello = undefined;
    this.identity = undefined;
    this.leave?.();
    this.leave = undefined;
  }

  /** Ends the transaction, if there is one, with what was received of its message. */
  async resetTransaction(): Promise<void> {
    const chunked = this.transaction?.chunked;
    this.transaction = undefined;
    await chunked?.[Symbol.asyncDispose]();
  }

  /** A message was accepted. */
  madeProgress(): void {
    this.#junk = 0;
  }

  /** Called by commands that get nothing done. */
  countJunk(): void {
    this.#junk++;
    if (this.#junk > this.server.limits.smtpJunkCommands) this.#errors++;
  }

  /** The command under way, or `waiting`. */
  get state(): string {
    return this.#verb ?? 'waiting';
  }

  /** Ends this session, also within a transaction; what is under way is cut off when it takes long. */
  end(text: string): void {
    if (this.ending || this.#farewell !== undefined) return;
    this.#farewell = text;
    if (this.#waiting) {
      this.#sayFarewell(text);
      this.connection.close();
    } else setTimeout(() => this.connection.cut(), this.server.limits.sessionEndMs).unref();
  }

  /** The server stops: an idle client is told now, a running transaction may end. */
  stop(): void {
    if (this.#waiting && this.transaction === undefined) {
      this.#sayGoodbye();
      this.connection.close();
    }
  }

  async #serveCommand(): Promise<void> {
    const { limits } = this.server;
    this.#waiting = true;
    const line = await this.connection.readLine(limits.smtpAuthLineBytes, limits.smtpCommandTimeoutMs);
    this.#waiting = false;
    try {
      const { verb, argument } = parseCommandLine(line);
      if (line.length > limits.smtpCommandBytes && verb !== 'AUTH') throw new SmtpError(500, '5.5.2', 'Line too long');
      const command = commands.get(verb);
      if (command === undefined) throw new SmtpError(500, '5.5.1', 'Command not known');
      this.#verb = verb;
      await command(this, argument);
    } catch (error) {
      if (endsSession(error)) throw error;
      await this.#refuse(errorReply(error));
    } finally {
      this.#verb = undefined;
    }
    if (this.#errors > limits.smtpErrors) throw new FatalSmtpError(421, '4.7.0', 'Too many errors');
  }

  async #refuse(error: SmtpError): Promise<void> {
    const { limits, refusals } = this.server;
    refusals.add(1, { listener: this.listener.kind, code: String(error.replyCode) });
    this.#logRefusal(error, 'refused');
    if (error.temporary) this.countJunk();
    else this.#errors++;
    if (this.#errors > limits.smtpErrorsUntilTarpit) {
      await this.connection.flush();
      await delay(limits.smtpTarpitMs);
    }
    this.connection.write(formatErrorReply(error));
  }

  /** What a client does wrong is no news; that something fails here is. */
  #logRefusal(error: SmtpError, message: string): void {
    const { replyCode, enhancedCode, cause } = error;
    const fields = { reply: `${replyCode} ${enhancedCode}`, reason: error.message };
    if (cause === undefined) this.log.info(fields, message);
    else this.log.error({ ...fields, hint: error.hint, err: cause }, message);
  }

  #sayGoodbye(): void {
    this.reply(421, '4.3.2', `${this.hostname} is shutting down`);
    this.ending = true;
  }

  #sayFarewell(text: string): void {
    this.reply(421, '4.7.0', text);
    this.ending = true;
  }

  #giveUp(error: unknown): void {
    if (error instanceof ConnectionClosedError) {
      this.log.debug({ err: error }, 'connection closed by client');
    } else if (error instanceof ReadTimeoutError) {
      this.reply(421, '4.4.2', `${this.hostname} has waited too long`);
    } else if (error instanceof LineTooLongError) {
      this.reply(500, '5.5.2', 'Line too long');
    } else if (error instanceof SmtpError) {
      this.#logRefusal(error, 'refused, connection closed');
      this.connection.write(formatErrorReply(error));
    } else {
      this.log.error({ err: error }, 'session failed');
      this.reply(421, '4.3.0', `${this.hostname} has failed`);
    }
  }
}

/** Whether the connection is lost, or where the next command begins is. */
function endsSession(error: unknown): boolean {
  return (
    error instanceof ConnectionClosedError ||
    error instanceof ReadTimeoutError ||
    error instanceof LineTooLongError ||
    error instanceof BareLineEndError ||
    error instanceof FatalSmtpError
  );
}
