import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ImapResponseError, type RawResponse, ResponseParser, type ResponseValue } from '../imap/response-parser.ts';
import type { ByteText } from '../message/structure.ts';
import type { Log } from '../runtime/log.ts';
import { ConnectionClosedError, LineTooLongError, ReadTimeoutError, WireReader } from '../runtime/wire-reader.ts';
import { ImapConnectionError, ImapRefusedError } from './imap-client-error.ts';
import { type BodySink, ResponseReader } from './response-reader.ts';

/** Data that came without being the end of a command: `* 3 EXISTS`, `* OK [UIDNEXT 4] text`. */
export interface UntaggedResponse {
  /** Upper case: `FETCH`, `EXISTS`, `OK`. */
  readonly name: string;
  /** Before the name, if there is one. */
  readonly number: number | undefined;
  /** Response code of OK, NO, BAD, BYE and PREAUTH, as it came. */
  readonly code: string | undefined;
  /** What people read, of the same. */
  readonly text: string;
  /** Data, of the others. @throws ImapResponseError */
  values(): ResponseValue[];
}

export interface CommandOptions {
  onUntagged?(response: UntaggedResponse): void | Promise<void>;
  /** Takes messages of FETCH. */
  onBody?: BodySink;
  /** Answers continuation requests, which come for AUTHENTICATE only. */
  onContinue?(text: ByteText): Promise<string>;
}

/** Wait for the answer to LOGOUT: nothing depends on it. */
const logoutMs = 2_000;

const untaggedForm = /^\* (?:(\d{1,10}) )?([A-Za-z][A-Za-z0-9.-]*)(?: |$)/;
const statusForm = /^(?:\[([^\]]*)\] ?)?(.*)$/s;

/** A session with an IMAP server, one command at a time. Any failure but NO and BAD ends the connection. */
export class ImapSession implements AsyncDisposable {
  readonly host: string;
  readonly log: Log;
  /** Upper case; empty until the server has told them. */
  capabilities: ReadonlySet<string> = new Set();
  /** Mailbox names are in UTF-8, not in modified UTF-7. */
  utf8 = false;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal;
  #socket: Socket;
  #wire: WireReader;
  #responses: ResponseReader;
  #lastTag = 0;
  #goodbye: string | undefined;
  readonly #onAbort = (): void => void this.#socket.destroy();

  constructor(socket: Socket, options: { host: string; log: Log; timeoutMs: number; signal: AbortSignal }) {
    this.host = options.host;
    this.log = options.log;
    this.#timeoutMs = options.timeoutMs;
    this.#signal = options.signal;
    this.#socket = socket;
    this.#wire = attach(socket);
    this.#responses = new ResponseReader(this.#wire, options.timeoutMs);
    this.#signal.addEventListener('abort', this.#onAbort);
  }

  /** The connection, if it is encrypted. */
  get tls(): TLSSocket | undefined {
    return this.#socket instanceof TLSSocket ? this.#socket : undefined;
  }

  has(capability: string): boolean {
    return this.capabilities.has(capability);
  }

  /** The greeting. @throws ImapConnectionError */
  async greeting(): Promise<UntaggedResponse> {
    try {
      const response = this.#untagged(await this.#responses.read());
      if (response === undefined) throw new ImapResponseError('it does not greet');
      this.#notice(response);
      return response;
    } catch (error) {
      throw this.fail(error);
    }
  }

  /**
   * Runs a command to its end.
   * @param command without tag and line end; its first word is what errors name
   * @returns text of the tagged OK, with its response code
   * @throws ImapRefusedError for NO and BAD; ImapConnectionError; the signal's reason; what the functions of `options` throw, which end
   *   the connection too
   */
  async command(command: ByteText, options: CommandOptions = {}): Promise<{ code: string | undefined; text: string }> {
    const tag = `r${++this.#lastTag}`;
    try {
      this.#send(`${tag} ${command}\r\n`);
      for (;;) {
        const raw = await this.#responses.read(options.onBody);
        const line = raw.texts[0]!;
        if (line.startsWith('+')) {
          if (options.onContinue === undefined) throw new ImapResponseError('a continuation that was not asked for');
          this.#send(`${await options.onContinue(line.slice(1).trim())}\r\n`);
          continue;
        }
        if (line.startsWith(`${tag} `)) return this.#completion(command, line.slice(tag.length + 1));
        const response = this.#untagged(raw);
        if (response === undefined) throw new ImapResponseError('neither data nor the end of the command');
        this.#notice(response);
        await options.onUntagged?.(response);
      }
    } catch (error) {
      throw error instanceof ImapRefusedError ? error : this.fail(error);
    }
  }

  /** Closes, and makes the error to throw for what happened. */
  fail(error: unknown): unknown {
    this.destroy();
    if (this.#signal.aborted) return this.#signal.reason;
    const detail = this.#goodbye === undefined ? undefined : `it said goodbye: ${this.#goodbye}`;
    if (error instanceof ReadTimeoutError) return this.#lost(detail ?? 'it does not answer', error);
    if (error instanceof ConnectionClosedError) {
      const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
      return this.#lost(detail ?? `it closed the connection${cause}`, error);
    }
    if (error instanceof ImapResponseError || error instanceof LineTooLongError)
      return this.#lost(error.message, error);
    return error;
  }

  /** Gives the bare socket up for TLS. @returns undefined when there came more than the answer: RFC 9051 §6.2.1 */
  detach(): Socket | undefined {
    return this.#wire.detach().length === 0 ? this.#socket : undefined;
  }

  use(socket: Socket): void {
    this.#socket = socket;
    this.#wire = attach(socket);
    this.#responses = new ResponseReader(this.#wire, this.#timeoutMs);
    // RFC 9051 §6.2.1: what was known before counts no more.
    this.capabilities = new Set();
  }

  destroy(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#socket.destroy();
  }

  /** Logs out, if the server still listens. */
  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.destroy(), logoutMs);
    if (!this.#socket.destroyed && !this.#signal.aborted) await this.command('LOGOUT').catch(() => {});
    clearTimeout(timer);
    this.destroy();
  }

  #send(text: ByteText): void {
    this.#socket.write(Buffer.from(text, 'latin1'));
  }

  #completion(command: ByteText, rest: ByteText): { code: string | undefined; text: string } {
    const match = /^(OK|NO|BAD)(?: (.*)|)$/is.exec(rest);
    if (match === null) throw new ImapResponseError('a command ends neither with OK nor with NO or BAD');
    const { code, text } = statusOf(match[2] ?? '');
    this.#noticeCode(code);
    const status = match[1]!.toUpperCase();
    const name = /^(?:UID )?\S+/.exec(command)![0];
    // The command itself may hold a password.
    this.log.debug({ command: name, status }, 'command');
    if (status === 'OK') return { code, text };
    throw new ImapRefusedError(name, code?.split(' ')[0]?.toUpperCase(), printable(rest));
  }

  #untagged(raw: RawResponse): UntaggedResponse | undefined {
    const match = untaggedForm.exec(raw.texts[0]!);
    if (match === null) return undefined;
    const name = match[2]!.toUpperCase();
    const number = match[1] === undefined ? undefined : Number(match[1]);
    const isStatus = ['OK', 'NO', 'BAD', 'BYE', 'PREAUTH'].includes(name);
    const status = isStatus ? statusOf(raw.texts.join('').slice(match[0].length)) : { code: undefined, text: '' };
    return { name, number, ...status, values: () => new ResponseParser(raw, match[0].length).values() };
  }

  #notice(response: UntaggedResponse): void {
    if (response.name === 'CAPABILITY') this.#noticeCode(`CAPABILITY ${response.values().join(' ')}`);
    else if (response.name === 'BYE') this.#goodbye = printable(response.text);
    else this.#noticeCode(response.code);
  }

  #noticeCode(code: string | undefined): void {
    if (code === undefined || !/^CAPABILITY /i.test(code)) return;
    this.capabilities = new Set(code.toUpperCase().split(' ').slice(1));
  }

  #lost(detail: string, cause: unknown): ImapConnectionError {
    return new ImapConnectionError(this.host, detail, cause);
  }
}

function attach(socket: Socket): WireReader {
  // The reader reports failures to whoever reads; when nobody does, there is nobody to tell.
  socket.on('error', () => {});
  return new WireReader(socket);
}

function statusOf(text: ByteText): { code: string | undefined; text: string } {
  const [, code, rest = ''] = statusForm.exec(text) ?? [];
  return { code, text: rest };
}

/** A line that a server may show to a person, without what would steer a terminal. */
function printable(text: string): string {
  return text.slice(0, 300).replaceAll(/[^\x20-\x7e]/g, '?');
}
