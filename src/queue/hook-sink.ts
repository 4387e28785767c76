import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ReceivedHook {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the test expects
  readonly body: any;
}

/** An HTTP server on loopback that takes webhooks, for tests. */
export class HookSink implements AsyncDisposable {
  readonly received: ReceivedHook[] = [];
  /** The status to answer with; waits as long as it wants. */
  status: (hook: ReceivedHook) => number | Promise<number> = () => 200;
  open = 0;
  mostOpen = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', async (request, response) => {
      this.mostOpen = Math.max(this.mostOpen, ++this.open);
      const hook = { headers: request.headers, body: JSON.parse(await text(request)) };
      this.received.push(hook);
      const status = await this.status(hook);
      this.open--;
      response.writeHead(status, status === 302 ? { Location: '/elsewhere' } : {}).end('answer');
    });
  }

  static async start(): Promise<HookSink> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new HookSink(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
