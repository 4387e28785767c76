import { chmod, lstat, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { CommandMap } from './control-command.ts';
import { ControlConnection } from './control-connection.ts';
import { ServerRunningError } from './control-error.ts';
import { socketPath } from './socket-path.ts';

export interface ControlServerOptions {
  /** Of the socket: `ctl` in the data directory. */
  path: string;
  commands: CommandMap;
  /** Version of the server, for the greeting. */
  software: string;
  log: Log;
}

export interface ControlServer {
  /** Cancels what is running and takes no more; the socket stays, so that who waits for the server's end can see it. */
  endCommands(): Promise<void>;
  /** Cancels what is running and removes the socket. */
  close(): Promise<void>;
}

/**
 * Listens for commands. A socket that a crashed server left behind is replaced.
 * @throws ServerRunningError when another server listens there
 */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const short = await socketPath(options.path);
  const connections = new Map<Socket, Promise<void>>();
  const stopping = new AbortController();
  const server = createServer((socket) => {
    if (stopping.signal.aborted || connections.size >= limits.controlConnections) {
      socket.destroy();
      return;
    }
    const running = new ControlConnection(socket, options, stopping.signal).run();
    connections.set(socket, running);
    running.finally(() => connections.delete(socket)).catch(() => {});
  });
  try {
    await listen(server, short.path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' || !(await lstat(options.path)).isSocket()) throw error;
      if (await answers(short.path)) throw new ServerRunningError(options.path);
      await unlink(options.path);
      await listen(server, short.path);
    });
    await chmod(options.path, 0o600);
  } catch (error) {
    server.close();
    await short[Symbol.asyncDispose]();
    throw error;
  }
  const endCommands = async (): Promise<void> => {
    stopping.abort();
    await Promise.allSettled(connections.values());
    for (const socket of connections.keys()) socket.destroy();
  };
  return {
    endCommands,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await endCommands();
      await closed;
      await short[Symbol.asyncDispose]();
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The socket is made in this call: nobody else may open it even before the mode is set.
    const before = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    socket.once('connect', () => socket.destroy());
  });
}
