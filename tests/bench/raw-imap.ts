import { connect, type Socket } from 'node:net';

/** An IMAP client that costs next to nothing: sends a command, drops what comes until its tagged reply, counts the bytes. */
export class RawImap {
  readonly #socket: Socket;
  #tail = '';
  #bytes = 0;
  #number = 0;
  #waiting:
    | { tag: string; resolve: (bytes: number) => void; reject: (error: Error) => void; bytesBefore: number }
    | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('The server closed the connection')));
  }

  static async connect(port: number): Promise<RawImap> {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('data', () => resolve());
    });
    return new RawImap(socket);
  }

  /** @returns bytes of the answer @throws unless it is OK */
  command(text: string): Promise<number> {
    const tag = `a${++this.#number}`;
    const done = new Promise<number>((resolve, reject) => {
      this.#waiting = { tag, resolve, reject, bytesBefore: this.#bytes };
    });
    this.#socket.write(`${tag} ${text}\r\n`);
    return done;
  }

  /** Appends a message with a non-synchronising literal. */
  async append(mailbox: string, message: Buffer): Promise<void> {
    const tag = `a${++this.#number}`;
    const done = new Promise<number>((resolve, reject) => {
      this.#waiting = { tag, resolve, reject, bytesBefore: this.#bytes };
    });
    this.#socket.write(`${tag} APPEND ${mailbox} {${message.length}+}\r\n`);
    this.#socket.write(message);
    this.#socket.write('\r\n');
    await done;
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

  #onData(chunk: Buffer): void {
    this.#bytes += chunk.length;
    // A tagged reply is the last line, and shorter than this.
    this.#tail = (this.#tail + chunk.toString('latin1', Math.max(0, chunk.length - 1000))).slice(-1000);
    const waiting = this.#waiting;
    if (waiting === undefined || !this.#tail.endsWith('\r\n')) return;
    const start = this.#tail.lastIndexOf('\r\n', this.#tail.length - 3) + 2;
    const line = this.#tail.slice(start === 1 ? 0 : start);
    if (!line.startsWith(`${waiting.tag} `)) return;
    this.#waiting = undefined;
    if (line.startsWith(`${waiting.tag} OK`)) waiting.resolve(this.#bytes - waiting.bytesBefore);
    else waiting.reject(new Error(line.trim()));
  }
}
