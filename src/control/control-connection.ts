import type { Socket } from 'node:net';
import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import { WireReader } from '../runtime/wire-reader.ts';
import type { CommandContext, CommandMap, ControlCommand } from './control-command.ts';
import { ControlRequestError, ControlVersionError, InterruptedError } from './control-error.ts';
import { controlProtocolVersion, decodeMessage, encodeMessage, type ServerMessage } from './control-message.ts';
import { InputChannel } from './input-channel.ts';

const requestTimeoutMs = 30_000;
/** The longest that a timer takes: nothing is expected of a client while its command runs. */
const foreverMs = 2 ** 31 - 1;
const progressIntervalMs = 100;

/** The server's end of one connection: one request. */
export class ControlConnection {
  readonly #socket: Socket;
  readonly #options: { commands: CommandMap; software: string; log: Log };
  readonly #reader: WireReader;
  readonly #abort = new AbortController();
  #lastProgressAt = 0;
  #dropped = 0;
  #isRunning = false;

  constructor(socket: Socket, options: { commands: CommandMap; software: string; log: Log }, stopping: AbortSignal) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = new WireReader(socket);
    socket.once('close', () => this.#abort.abort(new InterruptedError()));
    const stop = (): void => {
      this.#abort.abort(new InterruptedError());
      if (!this.#isRunning) socket.destroy();
    };
    if (stopping.aborted) stop();
    stopping.addEventListener('abort', stop, { signal: this.#abort.signal });
  }

  async run(): Promise<void> {
    try {
      this.#send({ type: 'hello', protocol: controlProtocolVersion, software: this.#options.software });
      const answer = await this.#answer();
      if (this.#dropped > 0) {
        const fields = { lines: this.#dropped };
        this.#send({ type: 'log', level: 'warn', message: 'lines left out: they were not read in time', fields });
      }
      this.#send(answer);
    } finally {
      await this.#finish();
    }
  }

  async #answer(): Promise<ServerMessage> {
    let name = '';
    try {
      const request = await this.#readRequest();
      name = request.name;
      this.#options.log.debug({ command: name }, 'control command');
      return { type: 'ok', result: (await this.#runCommand(request.command, request.given)) ?? null };
    } catch (error) {
      const { aborted, reason } = this.#abort.signal;
      if (aborted && reason instanceof InterruptedError) {
        this.#options.log.info({ command: name }, 'control command cancelled');
        return { type: 'error', code: reason.code, message: reason.message };
      }
      const cause = aborted ? reason : error;
      if (cause instanceof RestanteError) {
        this.#options.log.info({ command: name, code: cause.code, detail: cause.message }, 'control command failed');
        return { type: 'error', code: cause.code, message: cause.message, hint: cause.hint };
      }
      this.#options.log.error({ command: name, err: error }, 'control command failed');
      const message = `Cannot finish the command: ${(error as Error).message}`;
      return { type: 'error', code: 'internal', message, hint: 'See the log of the server.' };
    }
  }

  async #readRequest(): Promise<{ name: string; command: ControlCommand; given: unknown }> {
    const line = await this.#reader.readLine(limits.controlLineBytes, requestTimeoutMs);
    const message = decodeMessage(line);
    if (message === undefined) throw new ControlRequestError('the request is not a JSON object');
    if (message.type !== 'request') throw new ControlRequestError('expected a request');
    if (message.protocol !== controlProtocolVersion) {
      throw new ControlVersionError(controlProtocolVersion, String(message.protocol));
    }
    const name = String(message.command);
    if (!Object.hasOwn(this.#options.commands, name)) {
      throw new ControlRequestError(`there is none called "${name.slice(0, 64)}"`);
    }
    const command = this.#options.commands[name];
    const given = command.arguments.safeParse(message.arguments);
    if (!given.success) {
      const issues = given.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
      throw new ControlRequestError(`arguments of "${name}": ${issues.join('; ')}`);
    }
    return { name, command, given: given.data };
  }

  async #runCommand(command: ControlCommand, given: unknown): Promise<unknown> {
    const input = new InputChannel();
    const { signal } = this.#abort;
    const interrupted = (): void => input.end(signal.reason);
    signal.addEventListener('abort', interrupted);
    signal.throwIfAborted();
    if (!command.takesInput) input.end();
    // A client may send nothing more but input: reading on also notices when it goes away.
    this.#receive(command.takesInput ? input : undefined).catch((error: unknown) => {
      this.#abort.abort(error instanceof ControlRequestError ? error : new InterruptedError());
    });
    const context: CommandContext = {
      signal,
      input,
      log: (level, message, fields = {}) => this.#sendEvent({ type: 'log', level, message, fields }),
      progress: (progress) => this.#sendProgress({ type: 'progress', ...progress }),
      output: (bytes) => this.#output(bytes),
    };
    this.#isRunning = true;
    try {
      // Not left alone when cancelled: the connection counts as open until the command has noticed.
      const result = await command.run(given, context);
      signal.throwIfAborted();
      return result;
    } finally {
      signal.removeEventListener('abort', interrupted);
      input.end();
    }
  }

  /** Never resolves: rejects when the client breaks the protocol or goes away. */
  async #receive(input: InputChannel | undefined): Promise<never> {
    for (;;) {
      const message = decodeMessage(await this.#reader.readLine(limits.controlLineBytes, foreverMs));
      if (input !== undefined && message?.type === 'input' && typeof message.data === 'string') {
        await input.put(Buffer.from(message.data, 'base64'));
      } else if (input !== undefined && message?.type === 'inputEnd') {
        input.end();
      } else throw new ControlRequestError('expected nothing but input after the request');
    }
  }

  #sendProgress(message: ServerMessage): void {
    const now = performance.now();
    if (now - this.#lastProgressAt < progressIntervalMs) return;
    this.#lastProgressAt = now;
    if (this.#socket.writableLength < limits.controlUnsentBytes) this.#send(message);
  }

  /** A client that does not read must not fill the server's memory. */
  #sendEvent(message: ServerMessage): void {
    if (this.#socket.writableLength < limits.controlUnsentBytes) this.#send(message);
    else this.#dropped++;
  }

  async #output(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += limits.controlChunkBytes) {
      this.#abort.signal.throwIfAborted();
      const chunk = bytes.subarray(at, at + limits.controlChunkBytes);
      const data = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('base64');
      if (!this.#send({ type: 'output', data })) await this.#drained();
    }
  }

  #drained(): Promise<void> {
    const { signal } = this.#abort;
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason);
      signal.addEventListener('abort', stop);
      this.#socket.once('drain', () => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
    });
  }

  #send(message: ServerMessage): boolean {
    return this.#socket.writable ? this.#socket.write(encodeMessage(message)) : true;
  }

  async #finish(): Promise<void> {
    if (this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#socket.destroy(), 5000);
      this.#socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#socket.resume();
      this.#socket.end();
    });
  }
}
