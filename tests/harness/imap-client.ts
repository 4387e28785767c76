import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { createDeflateRaw, createInflateRaw, type DeflateRaw } from 'node:zlib';
import { expect } from 'vitest';

/** What the server answered to one command. Literals stand in their lines, after `{n}` and the line end. */
export interface ImapAnswer {
  readonly untagged: readonly string[];
  /** Without the tag: `OK [CODE] text`. */
  readonly tagged: string;
}

/** Speaks IMAP line by line, for tests that read as transcripts. All text is one character a byte. */
export class ImapTestClient implements Disposable {
  socket: Socket;
  greeting = '';
  #deflate: DeflateRaw | undefined;
  #received = '';
  #ended = false;
  #wake: () => void = () => {};
  #tags = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#listen();
  }

  /**
   * Connects and reads the greeting.
   * @param options.certificate that the client gives
   * @param options.from the address that a PROXY header names
   */
  static async connect(
    port: number,
    implicitTls = false,
    options: { certificate?: { cert: string; key: string }; from?: string } = {},
  ): Promise<ImapTestClient> {
    const socket = implicitTls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options.certificate })
      : connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, implicitTls ? 'secureConnect' : 'connect');
    if (options.from !== undefined) socket.write(`PROXY TCP4 ${options.from} 192.0.2.1 1000 143\r\n`);
    const client = new ImapTestClient(socket);
    client.greeting = await client.line();
    return client;
  }

  static async login(port: number, login = 'me', password = 'secret'): Promise<ImapTestClient> {
    const client = await ImapTestClient.connect(port);
    await client.ok(`LOGIN ${login} ${password}`);
    return client;
  }

  /** Goes over to TLS after the server has agreed to STARTTLS. */
  async startTls(certificate?: { cert: string; key: string }): Promise<TLSSocket> {
    this.socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error');
    const tls = connectTls({ socket: this.socket, rejectUnauthorized: false, ...certificate });
    await once(tls, 'secureConnect');
    this.socket = tls;
    this.#listen();
    return tls;
  }

  /**
   * Plays lines that begin with `C: ` (sent with CRLF) and `S: ` (expected, in this order; `…` stands for any text).
   * `S: <closed>` expects the end of the connection. `\r\n` written out stands for a line end in a literal.
   */
  async play(transcript: string): Promise<void> {
    for (const raw of transcript.split('\n').map((text) => text.trim())) {
      const line = raw.replaceAll('\\r\\n', '\r\n');
      if (line.startsWith('C: ')) this.send(`${line.slice(3)}\r\n`);
      else if (line === 'C:') this.send('\r\n');
      else if (line === 'S: <closed>') await this.closed();
      else if (line.startsWith('S: ')) await this.expect(line.slice(3));
      else if (line !== '') throw new TypeError(`Cannot play line "${line}"`);
    }
  }

  /** Expects a line; `…` stands for any text. */
  async expect(pattern: string): Promise<string> {
    const line = await this.line();
    const form = new RegExp(`^${pattern.split('…').map(RegExp.escape).join('[\\s\\S]*')}$`);
    expect(line).toMatch(form);
    return line;
  }

  /** Sends a command with a tag of its own and reads to its answer. Sends literals after `{n}` when the server invites them. */
  async command(text: string): Promise<ImapAnswer> {
    const tag = `t${++this.#tags}`;
    const parts = `${tag} ${text}\r\n`.split(/(?<=\{\d+\}\r\n)/);
    this.send(parts[0]);
    const untagged: string[] = [];
    let next = 1;
    for (;;) {
      const line = await this.line();
      if (line.startsWith('+ ') && next < parts.length) this.send(parts[next++]);
      else if (line.startsWith(`${tag} `)) return { untagged, tagged: line.slice(tag.length + 1) };
      else untagged.push(line);
    }
  }

  /** A command that must be answered by OK. @returns what came before */
  async ok(text: string): Promise<readonly string[]> {
    const { untagged, tagged } = await this.command(text);
    expect(tagged, text).toMatch(/^OK /);
    return untagged;
  }

  /** Adds a message. @returns its UID */
  async append(mailbox: string, message: string, options = ''): Promise<number> {
    const bytes = message.replaceAll(/\r?\n/g, '\r\n');
    const { tagged } = await this.command(`APPEND ${mailbox} ${options}{${bytes.length}}\r\n${bytes}`);
    const uid = /^OK \[APPENDUID \d+ (\d+)\]/.exec(tagged)?.[1];
    expect(uid, tagged).toBeDefined();
    return Number(uid);
  }

  /** Goes on compressed after the server has agreed to COMPRESS. */
  deflate(): void {
    this.socket.removeAllListeners('data').removeAllListeners('close');
    const inflate = createInflateRaw();
    // What is broken off ends here too, when all before it was read.
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    inflate.on('end', end).on('error', end);
    this.socket.pipe(inflate);
    this.#deflate = createDeflateRaw();
    this.#deflate.pipe(this.socket);
    inflate.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#wake();
    });
  }

  send(text: string): void {
    if (this.#deflate !== undefined) {
      this.#deflate.write(text, 'latin1');
      this.#deflate.flush();
      return;
    }
    this.socket.write(text, 'latin1');
  }

  /** One line of the server with the literals in it, without its line end. */
  async line(): Promise<string> {
    let from = 0;
    for (;;) {
      const end = this.#received.indexOf('\r\n', from);
      if (end !== -1) {
        const literal = /\{(\d+)\}$/.exec(this.#received.slice(from, end));
        if (literal === null) {
          const line = this.#received.slice(0, end);
          this.#received = this.#received.slice(end + 2);
          return line;
        }
        const after = end + 2 + Number(literal[1]);
        if (this.#received.length >= after) {
          from = after;
          continue;
        }
      }
      if (this.#ended) throw new Error(`The connection ended after ${JSON.stringify(this.#received)}`);
      await this.#more();
    }
  }

  /** Whether nothing comes for a while. */
  async silent(ms = 50): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return this.#received === '';
  }

  async closed(): Promise<void> {
    while (!this.#ended) await this.#more();
    expect(this.#received).toBe('');
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #listen(): void {
    this.socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    this.socket.on('close', end).on('error', end);
  }
}
