import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

interface Waiting {
  readonly tag: string;
  /** Whether a line that asks for more ends the waiting too. */
  readonly continues: boolean;
  readonly bytesBefore: number;
  resolve(line: string): void;
  reject(error: Error): void;
}

/** An IMAP client that costs next to nothing: sends a command, drops what comes until its tagged reply, counts the bytes. */
export class RawImap {
  /** Called with each piece that comes while no command is under way, as in IDLE. */
  onNews: ((piece: string) => void) | undefined;
  /** Bytes of the last answer. */
  answerBytes = 0;
  readonly #socket: Socket;
  #tail = '';
  #bytes = 0;
  #number = 0;
  #waiting: Waiting | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('The server closed the connection')));
  }

  /** @param options.tls from the first byte; certificates are not looked at */
  static async connect(port: number, options: { tls?: boolean } = {}): Promise<RawImap> {
    const socket =
      options.tls === true
        ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, minVersion: 'TLSv1.3' })
        : connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('data', () => resolve());
    });
    return new RawImap(socket);
  }

  /** @returns the last line of the answer @throws unless it is OK */
  command(text: string): Promise<string> {
    return this.#send(`${text}\r\n`, false);
  }

  /** A command that the server answers by asking for more. @returns the line that asks */
  begin(text: string): Promise<string> {
    return this.#send(`${text}\r\n`, true);
  }

  /** A line of a command under way. @returns the next line that asks for more, or the answer to the command */
  goOn(text: string): Promise<string> {
    const done = this.#wait(`a${this.#number}`, true);
    this.#socket.write(`${text}\r\n`);
    return done;
  }

  /** Appends messages with non-synchronising literals, several by MULTIAPPEND (RFC 3502). */
  async append(mailbox: string, ...messages: Buffer[]): Promise<void> {
    const parts: Buffer[] = [];
    for (const message of messages) parts.push(Buffer.from(` {${message.length}+}\r\n`), message);
    await this.#send(Buffer.concat([Buffer.from(`APPEND ${mailbox}`), ...parts, Buffer.from('\r\n')]), false);
  }

  /** The end of the answer, up to 1,000 bytes: for short ones. */
  async text(text: string): Promise<string> {
    await this.command(text);
    return this.#tail;
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #send(bytes: string | Buffer, continues: boolean): Promise<string> {
    const tag = `a${++this.#number}`;
    const done = this.#wait(tag, continues);
    this.#socket.cork();
    this.#socket.write(`${tag} `);
    this.#socket.write(bytes);
    this.#socket.uncork();
    return done;
  }

  #wait(tag: string, continues: boolean): Promise<string> {
    this.#tail = '';
    return new Promise((resolve, reject) => {
      this.#waiting = { tag, continues, bytesBefore: this.#bytes, resolve, reject };
    });
  }

  #onData(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.onNews?.(chunk.toString('latin1'));
      return;
    }
    // A tagged reply is the last line, and shorter than this.
    this.#tail = (this.#tail + chunk.toString('latin1', Math.max(0, chunk.length - 1000))).slice(-1000);
    if (!this.#tail.endsWith('\r\n')) return;
    const start = this.#tail.lastIndexOf('\r\n', this.#tail.length - 3) + 2;
    const line = this.#tail.slice(start === 1 ? 0 : start).trimEnd();
    if (waiting.continues && line.startsWith('+')) this.#end()?.resolve(line);
    else if (line.startsWith(`${waiting.tag} OK`)) this.#end()?.resolve(line);
    else if (line.startsWith(`${waiting.tag} `)) this.#end()?.reject(new Error(line));
  }

  #end(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.answerBytes = this.#bytes - waiting.bytesBefore;
    return waiting;
  }
}
