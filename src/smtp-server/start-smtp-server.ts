import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { inNetwork, isLoopback } from '../runtime/address-range.ts';
import { RestanteError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { readProxyHeader } from '../runtime/proxy-protocol.ts';
import { formatReply } from '../smtp/reply.ts';
import { ServerState } from './server-state.ts';
import type { SmtpListener, SmtpServerOptions } from './smtp-server-options.ts';
import { SmtpSession } from './smtp-session.ts';

export interface SmtpServer {
  /** Where each listener listens, in order: with the port that the system has chosen. */
  readonly addresses: readonly { readonly address: string; readonly port: number }[];
  /**
   * Accepts no more connections, tells idle clients 421, and lets running transactions end.
   * @param graceMs after which the connections that are left are cut
   */
  stop(graceMs: number): Promise<void>;
}

class CannotListenError extends RestanteError {
  constructor({ address, port }: SmtpListener, cause: NodeJS.ErrnoException) {
    super('cannot-listen', `Cannot listen for SMTP at "${address}" port ${port}: ${cause.code ?? cause.message}`, {
      cause,
      hint: `Find who has the port: \`ss -ltnp 'sport = :${port}'\`.`,
    });
  }
}

/** Starts listening for SMTP, all listeners or none. @throws CannotListenError */
export async function startSmtpServer(options: SmtpServerOptions): Promise<SmtpServer> {
  const state = new ServerState(options);
  const servers: Server[] = [];
  const connections = new Set<Promise<void>>();
  const sockets = new Set<Socket>();
  let count = 0;
  const serve = (listener: SmtpListener, socket: Socket): void => {
    count++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const log = options.log.child({ connection: count });
    const connection = serveConnection(state, listener, socket, log)
      .catch((error: unknown) => {
        // One connection's failure must not end the process.
        log.error({ err: error }, 'connection ended by an error');
        socket.destroy();
      })
      .finally(() => connections.delete(connection));
    connections.add(connection);
  };
  try {
    for (const listener of options.listeners) {
      // Half-open: a client may send all its commands and close its side before it reads our replies.
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => serve(listener, socket));
      servers.push(server);
      await listen(server, listener);
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return {
    addresses: servers.map((server) => {
      const { address, port } = server.address() as AddressInfo;
      return { address, port };
    }),
    async stop(graceMs) {
      state.stopping = true;
      state.stop.abort();
      for (const server of servers) server.close();
      for (const session of state.sessions) session.stop();
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await Promise.all(connections);
      clearTimeout(cut);
    },
  };
}

async function listen(server: Server, listener: SmtpListener): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new CannotListenError(listener, error)));
    server.listen({ host: listener.address, port: listener.port, ipv6Only: true, backlog: 1024 }, resolve);
  });
}

async function serveConnection(state: ServerState, listener: SmtpListener, socket: Socket, log: Log): Promise<void> {
  const remoteAddress = await remoteAddressOf(state, listener, socket, log);
  if (remoteAddress === undefined) {
    socket.destroy();
    return;
  }
  const close = admit(state, remoteAddress);
  if (close === undefined) {
    state.connections.add(1, { listener: listener.kind, result: 'refused' });
    log.info({ remoteAddress }, 'connection refused: too many from its network');
    // Under TLS the client couldn't read it.
    if (listener.tls !== 'implicit') socket.write(formatReply(421, '4.7.0', 'Too many connections, try again later'));
    socket.on('error', () => {});
    socket.destroySoon();
    return;
  }
  state.connections.add(1, { listener: listener.kind, result: 'accepted' });
  log.debug({ remoteAddress, listener: listener.kind }, 'connection');
  const session = new SmtpSession(state, listener, socket, remoteAddress, log);
  state.sessions.add(session);
  try {
    await session.run();
  } finally {
    state.sessions.delete(session);
    close();
  }
}

async function remoteAddressOf(
  { limits }: ServerState,
  listener: SmtpListener,
  socket: Socket,
  log: Log,
): Promise<string | undefined> {
  const direct = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  // The client was gone before it was accepted.
  if (direct === '') return undefined;
  if (!listener.proxyFrom?.some((network) => inNetwork(direct, network))) return direct;
  try {
    const proxied = await readProxyHeader(socket, limits.smtpHandshakeTimeoutMs);
    return proxied?.remoteAddress ?? direct;
  } catch (error) {
    log.warn({ err: error, proxy: direct }, 'connection without valid PROXY header closed');
    return undefined;
  }
}

/** @returns what is to be called at the connection's end, or undefined when there are too many */
function admit({ connectionRate, openConnections }: ServerState, remoteAddress: string): (() => void) | undefined {
  // This machine: no stranger, and often the programs that send the most.
  if (isLoopback(remoteAddress)) return () => {};
  return connectionRate.add(remoteAddress) ? openConnections.open(remoteAddress) : undefined;
}
