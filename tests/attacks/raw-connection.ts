import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Where connections come from: anywhere in 127.0.0.0/8, so that the limits of an address don't stop the test. */
export function someLoopbackAddress(): string {
  const part = (): number => 1 + Math.floor(Math.random() * 254);
  return `127.${part()}.${part()}.${part()}`;
}

/** A connection that sends any bytes and keeps what comes back. Text is one character a byte. */
export class RawConnection implements Disposable {
  socket: Socket;
  /** Below TLS. */
  readonly #raw: Socket;
  received = '';
  /** The last of what was sent, to be seen in failures. */
  lastSent = '';
  closed = false;
  /** Beyond this, only the end of what came is kept. */
  keepBytes = 1024 * 1024;
  readonly #wakes = new Set<() => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#raw = socket;
    this.#listen();
  }

  static async open(
    port: number,
    options: { tls?: boolean; localAddress?: string; allowHalfOpen?: boolean } = {},
  ): Promise<RawConnection> {
    const raw = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      allowHalfOpen: options.allowHalfOpen ?? true,
      localAddress: options.localAddress ?? someLoopbackAddress(),
    });
    raw.on('error', () => {});
    await once(raw, 'connect');
    const connection = new RawConnection(raw);
    if (options.tls === true) await connection.secure();
    return connection;
  }

  /** Does the TLS handshake. */
  async secure(): Promise<void> {
    this.socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('end');
    const tls = connectTls({ socket: this.socket, rejectUnauthorized: false });
    tls.on('error', () => {});
    this.socket = tls;
    await once(tls, 'secureConnect');
    this.#listen();
  }

  send(text: string | Buffer): void {
    this.lastSent = (this.lastSent + (typeof text === 'string' ? text : text.toString('latin1'))).slice(-1000);
    if (!this.socket.destroyed && this.socket.writable) {
      if (typeof text === 'string') this.socket.write(text, 'latin1');
      else this.socket.write(text);
    }
  }

  /** Waits until the system has taken what was sent, or the connection is over. */
  async sent(): Promise<void> {
    if (this.socket.writableLength === 0 || this.closed) return;
    await new Promise<void>((resolve) => {
      this.socket.once('drain', resolve);
      this.socket.once('close', resolve);
    });
  }

  /**
   * Waits until a pattern stands in what came since the last call of {@link forget}.
   * @returns the match, or undefined when the server has closed before
   * @throws when neither happens in time
   */
  async until(pattern: RegExp, timeoutMs = 15_000): Promise<RegExpExecArray | undefined> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const match = pattern.exec(this.received);
      if (match !== null) return match;
      if (this.closed) return undefined;
      const left = end - Date.now();
      if (left <= 0) {
        const got = JSON.stringify(this.received.slice(-1000));
        throw new Error(`No ${pattern} within ${timeoutMs} ms: ${got} after ${JSON.stringify(this.lastSent)}`);
      }
      await this.#more(left);
    }
  }

  /** Sends a line and waits for what answers it. */
  async ask(line: string, pattern: RegExp): Promise<string> {
    this.received = '';
    this.send(`${line}\r\n`);
    const match = await this.until(pattern);
    if (match === undefined) throw new Error(`The connection ended at ${JSON.stringify(line)}: ${this.received}`);
    return this.received;
  }

  /** Waits until the server has closed its side, which may be after some late replies. @throws when it doesn't in time */
  async ended(timeoutMs = 45_000): Promise<void> {
    await this.until(/(?!)/, timeoutMs);
  }

  /** Breaks the connection off. Under TLS just closes it: Node.js crashes when the socket below is reset. */
  reset(): void {
    if (this.socket === this.#raw) this.#raw.resetAndDestroy();
    else this.socket.destroy();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #listen(): void {
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      if (this.received.length > 2 * this.keepBytes) this.received = this.received.slice(-this.keepBytes);
      this.#wake();
    });
    const onEnd = (): void => {
      this.closed = true;
      this.#wake();
    };
    this.socket.on('end', onEnd).on('close', onEnd);
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }

  #more(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakes.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#wakes.add(wake);
    });
  }
}
