import { createConnection, type Socket } from 'node:net';
import { limits } from '../runtime/limits.ts';
import { WireReader } from '../runtime/wire-reader.ts';
import {
  ControlAccessError,
  ControlProtocolError,
  ControlVersionError,
  InterruptedError,
  RemoteError,
  ServerNotRunningError,
} from './control-error.ts';
import {
  controlProtocolVersion,
  decodeMessage,
  encodeMessage,
  type LogMessage,
  type Progress,
} from './control-message.ts';
import { socketPath } from './socket-path.ts';

export interface ControlHandlers {
  signal?: AbortSignal;
  onLog?: (line: LogMessage) => void;
  onProgress?: (progress: Progress) => void;
  /** The next chunk comes after it resolves. */
  onOutput?: (bytes: Buffer) => Promise<void> | void;
  /** For commands that take input. */
  input?: AsyncIterable<Uint8Array>;
}

const helloTimeoutMs = 10_000;
const foreverMs = 2 ** 31 - 1;

/**
 * Runs one command in the server that listens at the control socket.
 * @returns its result
 * @throws ServerNotRunningError, ControlAccessError, ControlVersionError, InterruptedError; RemoteError with what the server answered
 */
export async function controlRequest(
  path: string,
  command: string,
  given: unknown,
  handlers: ControlHandlers = {},
): Promise<unknown> {
  handlers.signal?.throwIfAborted();
  await using short = await socketPath(path).catch((cause: unknown) => {
    throw new ServerNotRunningError(path, cause);
  });
  const socket = await connect(short.path, path);
  const interrupt = (): void => void socket.destroy();
  handlers.signal?.addEventListener('abort', interrupt);
  try {
    return await converse(socket, command, given, handlers);
  } catch (error) {
    if (handlers.signal?.aborted) throw new InterruptedError();
    throw error;
  } finally {
    handlers.signal?.removeEventListener('abort', interrupt);
    socket.destroy();
  }
}

function connect(short: string, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(short);
    const fail = (error: NodeJS.ErrnoException): void => {
      const isGone = error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR';
      reject(isGone ? new ServerNotRunningError(path, error) : new ControlAccessError(path, error));
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

async function converse(socket: Socket, command: string, given: unknown, handlers: ControlHandlers): Promise<unknown> {
  const reader = new WireReader(socket);
  const read = async (timeoutMs: number): Promise<Record<string, unknown>> => {
    const line = await reader.readLine(limits.controlReplyBytes, timeoutMs).catch((cause: unknown) => {
      throw new ControlProtocolError('the server closed the connection', cause);
    });
    const message = decodeMessage(line);
    if (message === undefined) throw new ControlProtocolError('the server sent a line that is not a JSON object');
    return message;
  };
  const hello = await read(helloTimeoutMs);
  if (hello.type !== 'hello') throw new ControlProtocolError('the server did not greet');
  if (hello.protocol !== controlProtocolVersion) throw new ControlVersionError(hello.protocol, controlProtocolVersion);
  socket.write(encodeMessage({ type: 'request', protocol: controlProtocolVersion, command, arguments: given }));
  // The answer may come before all input is sent, and is what counts then; an input that fails ends the request.
  let inputFailure: { error: unknown } | undefined;
  if (handlers.input !== undefined) {
    sendInput(socket, handlers.input).catch((error: unknown) => {
      inputFailure = { error };
      socket.destroy();
    });
  }
  try {
    for (;;) {
      const message = await read(foreverMs);
      if (message.type === 'log') handlers.onLog?.(message as unknown as LogMessage);
      else if (message.type === 'progress') handlers.onProgress?.(message as unknown as Progress);
      else if (message.type === 'output') await handlers.onOutput?.(Buffer.from(String(message.data), 'base64'));
      else if (message.type === 'ok') return message.result;
      else if (message.type === 'error') {
        const hint = typeof message.hint === 'string' ? { hint: message.hint } : {};
        throw new RemoteError(String(message.code), String(message.message), hint);
      } else throw new ControlProtocolError('the server sent something unknown');
    }
  } catch (error) {
    if (inputFailure !== undefined) throw inputFailure.error;
    throw error;
  }
}

async function sendInput(socket: Socket, input: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const bytes of input) {
    for (let at = 0; at < bytes.length; at += limits.controlChunkBytes) {
      if (socket.destroyed) return;
      const chunk = bytes.subarray(at, at + limits.controlChunkBytes);
      const data = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('base64');
      if (!socket.write(encodeMessage({ type: 'input', data }))) await drainedOrClosed(socket);
    }
  }
  if (!socket.destroyed) socket.write(encodeMessage({ type: 'inputEnd' }));
}

function drainedOrClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
