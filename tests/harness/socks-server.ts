import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface SocksServerOptions {
  /** Wants this login. */
  readonly login?: { username: string; password: string };
  /** Port on loopback that every host leads to. */
  readonly port: number;
  /** Instead of 0. */
  readonly reply?: number;
}

/** A SOCKS 5 proxy on loopback that leads everybody to one port. */
export class SocksServer implements AsyncDisposable {
  /** Host and port of each request. */
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, options: SocksServerOptions) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
      void this.#serve(socket, options).catch(() => socket.destroy());
    });
  }

  static async start(options: SocksServerOptions): Promise<SocksServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SocksServer(server, options);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(socket: Socket, { login, port, reply = 0 }: SocksServerOptions): Promise<void> {
    let held: Buffer = Buffer.alloc(0);
    const take = async (count: number): Promise<Buffer> => {
      while (held.length < count) {
        const [chunk] = (await once(socket, 'data')) as [Buffer];
        held = Buffer.concat([held, chunk]);
      }
      const taken = held.subarray(0, count);
      held = held.subarray(count);
      return taken;
    };
    const [, methods = 0] = await take(2);
    const offered = await take(methods);
    const method = login === undefined ? 0 : 2;
    if (!offered.includes(method)) return void socket.end(Buffer.from([5, 255]));
    socket.write(Buffer.from([5, method]));
    if (login !== undefined) {
      const [, nameLength = 0] = await take(2);
      const username = (await take(nameLength)).toString();
      const [passwordLength = 0] = await take(1);
      const password = (await take(passwordLength)).toString();
      const isRight = username === login.username && password === login.password;
      socket.write(Buffer.from([1, isRight ? 0 : 1]));
      if (!isRight) return void socket.end();
    }
    const [, , , type] = await take(4);
    let host: string;
    if (type === 1) host = [...(await take(4))].join('.');
    else if (type === 4) host = (await take(16)).toString('hex');
    else host = (await take((await take(1))[0] ?? 0)).toString();
    this.asked.push(`${host} ${(await take(2)).readUInt16BE()}`);
    if (reply !== 0) return void socket.end(Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]));
    const onward = connect(port, '127.0.0.1');
    this.#sockets.add(onward);
    onward.on('error', () => socket.destroy());
    onward.on('close', () => this.#sockets.delete(onward));
    const [greeting] = (await once(onward, 'data')) as [Buffer];
    // The answer and what the host says first come as one.
    socket.write(Buffer.concat([Buffer.from([5, 0, 0, 3, 4]), Buffer.from('here'), Buffer.from([0, 25]), greeting]));
    socket.pipe(onward).pipe(socket);
  }
}
