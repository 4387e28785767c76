import { createServer } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';

export interface HttpListener {
  readonly address: string;
  readonly port: number;
  /** TLS options of an HTTPS listener. */
  readonly tls?: ServerOptions;
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
  options: { log: Log },
): Promise<HttpServer> {
  const { tls } = listener;
  const server = Fastify({
    bodyLimit: limits.httpBodyBytes,
    requestTimeout: limits.httpRequestMs,
    serverFactory: (handler, factoryOptions) =>
      tls === undefined ? createServer(factoryOptions as object, handler) : createSecureServer({ ...tls }, handler),
  });
  server.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain; charset=utf-8').send('Not found\n'));
  server.setErrorHandler((error, request, reply) => {
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status >= 500) options.log.error({ err: error, method: request.method }, 'request failed');
    return reply
      .code(status)
      .type('text/plain; charset=utf-8')
      .send(status >= 500 ? 'Internal error\n' : 'Bad request\n');
  });
  server.addHook('onSend', async (_request, reply) => {
    reply.header('X-Content-Type-Options', 'nosniff');
    reply.header('Cache-Control', 'no-store');
  });
  for (const add of routes) add(server);
  await server.listen({ host: listener.address, port: listener.port });
  const { address, port } = server.server.address() as AddressInfo;
  return { address, port, [Symbol.asyncDispose]: () => server.close() };
}
