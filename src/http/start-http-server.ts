import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';

export interface HttpListener {
  readonly address: string;
  readonly port: number;
  /** Does the server's side of the TLS handshake of an HTTPS listener. */
  readonly tls?: { accept(socket: Socket, timeoutMs: number): Promise<Socket> };
}

/** A group of routes, such as metrics, that a listener serves. */
export type Routes = (server: FastifyInstance) => void;

export interface HttpServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
}

/** Listens on one address. Answers of routes that don't exist and of failures say nothing about the machine. */
export async function startHttpServer(
  listener: HttpListener,
  routes: readonly Routes[],
  options: { log: Log; requestMs?: number },
): Promise<HttpServer> {
  const { requestMs = limits.httpRequestMs } = options;
  let http: Server | undefined;
  const fastify = Fastify({
    bodyLimit: limits.httpBodyBytes,
    requestTimeout: requestMs,
    serverFactory(handler, serverOptions) {
      const timeouts = { headersTimeout: requestMs, connectionsCheckingInterval: Math.ceil(requestMs / 10) };
      http = createHttpServer({ ...(serverOptions as object), ...timeouts }, handler);
      // It gets its connections from elsewhere and never listens; without this Node.js doesn't watch over slow requests.
      http.emit('listening');
      return http;
    },
  });
  fastify.setNotFoundHandler((_request, reply) =>
    reply.code(404).type('text/plain; charset=utf-8').send('Not found\n'),
  );
  fastify.setErrorHandler((error, request, reply) => {
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status >= 500) options.log.error({ err: error, method: request.method }, 'request failed');
    return reply
      .code(status)
      .type('text/plain; charset=utf-8')
      .send(status >= 500 ? 'Internal error\n' : 'Bad request\n');
  });
  fastify.addHook('onSend', async (_request, reply) => {
    reply.header('X-Content-Type-Options', 'nosniff');
    reply.header('Cache-Control', 'no-store');
  });
  for (const add of routes) add(fastify);
  await fastify.ready();

  const serve = async (socket: Socket): Promise<void> => {
    // Connections that break are nobody's business; the HTTP server adds its own handling to those it gets.
    socket.on('error', () => {});
    const ready = listener.tls === undefined ? socket : await listener.tls.accept(socket, requestMs);
    http?.emit('connection', ready);
  };
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket).catch((error) => {
      options.log.debug({ err: error }, 'TLS handshake failed');
      socket.destroy();
    });
  });
  server.maxConnections = limits.httpConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(new CannotListenError(listener, cause)));
    server.listen({ host: listener.address, port: listener.port, ipv6Only: true }, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    address,
    port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      await fastify.close();
      // Ends the watch.
      http?.close();
    },
  };
}

class CannotListenError extends RestanteError {
  constructor({ address, port }: HttpListener, cause: NodeJS.ErrnoException) {
    super('cannot-listen', `Cannot listen for HTTP at "${address}" port ${port}: ${cause.code ?? cause.message}`, {
      cause,
      hint: `Find who has the port: \`ss -ltnp 'sport = :${port}'\`.`,
    });
  }
}
