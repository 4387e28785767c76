import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { expect } from 'vitest';

/** Speaks SMTP byte by byte, for tests that read as transcripts. */
export class SmtpTestClient implements Disposable {
  socket: Socket;
  tls: TLSSocket | undefined;
  #received = '';
  #closed = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#listen();
  }

  /** @param certificate that the client gives */
  static async connect(
    port: number,
    implicitTls = false,
    certificate?: { cert: string; key: string },
  ): Promise<SmtpTestClient> {
    if (!implicitTls) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return new SmtpTestClient(socket);
    }
    const tls = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...certificate });
    await once(tls, 'secureConnect');
    const client = new SmtpTestClient(tls);
    client.tls = tls;
    return client;
  }

  /**
   * Plays lines that begin with `C: ` (sent with CRLF) and `S: ` (expected; `*` stands for any text).
   * A `S: ` line of `<closed>` expects the end of the connection.
   */
  async play(transcript: string): Promise<void> {
    for (const line of transcript.split('\n').map((text) => text.trim())) {
      if (line.startsWith('C: ')) this.send(`${line.slice(3)}\r\n`);
      else if (line === 'C:') this.send('\r\n');
      else if (line === 'S: <closed>') await this.closed();
      else if (line.startsWith('S: ')) {
        const pattern = line.slice(3).split('*').map(RegExp.escape).join('.*');
        expect(await this.line()).toMatch(new RegExp(`^${pattern}$`));
      } else if (line !== '') throw new TypeError(`Cannot play line "${line}"`);
    }
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** One line of the server, without line end. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf('\r\n');
      if (end !== -1) {
        const line = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 2);
        return line;
      }
      if (this.#closed) throw new Error(`Connection closed after "${this.#received}"`);
      await this.#more();
    }
  }

  /** One whole reply, its lines joined by LF. */
  async reply(): Promise<string> {
    const lines: string[] = [];
    do lines.push(await this.line());
    while (lines.at(-1)?.[3] === '-');
    return lines.join('\n');
  }

  async ask(command: string): Promise<string> {
    this.send(`${command}\r\n`);
    return await this.reply();
  }

  /** Waits for the end, and gives what came before it. */
  async closed(): Promise<string> {
    while (!this.#closed) await this.#more();
    return this.#received;
  }

  async startTls(certificate?: { cert: string; key: string }): Promise<void> {
    expect(await this.ask('STARTTLS')).toMatch(/^220 /);
    await this.secure(certificate);
  }

  /** Does the TLS handshake. */
  async secure(certificate?: { cert: string; key: string }): Promise<void> {
    this.socket.removeAllListeners('data');
    this.tls = connectTls({ socket: this.socket, rejectUnauthorized: false, ...certificate });
    this.socket = this.tls;
    await once(this.tls, 'secureConnect');
    this.#listen();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #listen(): void {
    this.socket.on('data', (chunk) => {
      this.#received += chunk.toString('utf8');
      this.#wake();
    });
    const onClose = (): void => {
      this.#closed = true;
      this.#wake();
    };
    this.socket.on('end', onClose).on('close', onClose).on('error', onClose);
  }

  async #more(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}
