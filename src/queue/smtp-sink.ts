import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { TLSSocket } from 'node:tls';

export interface ReceivedMessage {
  readonly mail: string;
  readonly recipients: readonly string[];
  readonly content: string;
}

/** An SMTP server on loopback that takes what it is sent, except for recipients it has another reply for. */
export class SmtpSink implements AsyncDisposable {
  readonly received: ReceivedMessage[] = [];
  /** All lines of all clients, without content. */
  readonly commands: string[] = [];
  /** A reply to RCPT or MAIL instead of 250; `close` ends the connection instead. */
  reply: (command: string) => string | undefined = () => undefined;
  /** Closes the connection in the middle of a message, after so many lines of it. */
  closeAfterLines: number | undefined;
  extensions = ['PIPELINING', 'SIZE 10000000', '8BITMIME', 'ENHANCEDSTATUSCODES'];
  /** With these, PEM, it offers STARTTLS. */
  certificate: { readonly certificate: string; readonly key: string } | undefined;
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.connections++;
      socket.setNoDelay(true);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#sockets.add(socket);
      void this.#serve(socket).catch(() => {});
    });
  }

  /** @param at default: a free port on loopback */
  static async start(at: { address: string; port: number } = { address: '127.0.0.1', port: 0 }): Promise<SmtpSink> {
    const server = createServer();
    server.listen(at.port, at.address);
    await once(server, 'listening');
    return new SmtpSink(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(socket: Socket | TLSSocket): Promise<void> {
    socket.on('error', () => {});
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    const isSecured = socket instanceof TLSSocket;
    const offered = this.certificate === undefined || isSecured ? this.extensions : [...this.extensions, 'STARTTLS'];
    if (!isSecured) say('220 sink.example ESMTP');
    let mail = '';
    let recipients: string[] = [];
    let content: string[] | undefined;
    for await (const line of createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (content !== undefined) {
        if (content.length === this.closeAfterLines) return void socket.destroy();
        if (line !== '.') {
          content.push(line.startsWith('.') ? line.slice(1) : line);
          continue;
        }
        const answer = this.reply('.');
        // As a server that takes a message and is gone before it could say so.
        if (answer === undefined || answer === 'close')
          this.received.push({ mail, recipients, content: content.join('\r\n') });
        content = undefined;
        if (answer === 'close') return void socket.destroy();
        say(answer ?? '250 2.0.0 Ok');
        continue;
      }
      this.commands.push(line);
      const answer = this.reply(line);
      if (answer === 'close') return void socket.destroy();
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'EHLO') {
        say(
          ['sink.example', ...offered]
            .map((text, at, all) => `250${at < all.length - 1 ? '-' : ' '}${text}`)
            .join('\r\n'),
        );
      } else if (verb === 'STAR' && this.certificate !== undefined && answer === undefined) {
        say('220 2.0.0 Go on');
        const { certificate: cert, key } = this.certificate;
        setImmediate(() => void this.#serve(new TLSSocket(socket, { isServer: true, cert, key })).catch(() => {}));
        return;
      } else if (verb === 'QUIT') {
        say('221 2.0.0 Bye');
        socket.end();
      } else if (verb === 'DATA' && answer === undefined) {
        if (recipients.length === 0) say('554 5.5.1 No valid recipients');
        else {
          content = [];
          say('354 Go on');
        }
      } else {
        if (verb === 'MAIL') {
          mail = line;
          recipients = [];
        } else if (verb === 'RCPT' && (answer === undefined || answer.startsWith('2'))) recipients.push(line);
        else if (verb === 'RSET') recipients = [];
        say(answer ?? '250 2.0.0 Ok');
      }
    }
  }
}
