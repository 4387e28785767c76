import type { Socket } from 'node:net';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';

/** Less than the buffer that TLS begins with: see `receive`. */
const pieceBytes = 1000;

/**
 * Does the server's side of the handshake on an accepted connection.
 * @param socket whose data nobody else reads any more
 * @throws the handshake's error, after the socket was destroyed
 */
export async function acceptHandshake(
  socket: Socket,
  timeoutMs: number,
  options: TLSSocketOptions,
): Promise<TLSSocket> {
  const ends = performance.now() + timeoutMs;
  let secured: TLSSocket | undefined;
  try {
    const hello = await firstBytes(socket, timeoutMs);
    secured = new TLSSocket(socket, { ...options, isServer: true });
    const done = handshake(secured, ends - performance.now());
    receive(secured, hello);
    await done;
    return secured;
  } catch (error) {
    secured?.destroy();
    socket.destroy();
    throw error;
  }
}

/** What comes first. */
function firstBytes(socket: Socket, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      socket.off('readable', onReadable).off('close', onClose).off('error', settle);
      const bytes = error === undefined ? (socket.read() as Buffer | null) : null;
      if (bytes !== null) resolve(bytes);
      else reject(error ?? closed());
    };
    const onReadable = (): void => settle();
    const onClose = (): void => settle(closed());
    const timer = setTimeout(() => settle(late(timeoutMs)), timeoutMs);
    socket.on('readable', onReadable).on('close', onClose).on('error', settle);
    if (socket.destroyed) settle(closed());
  });
}

/**
 * Gives TLS what was read before it took over. Node makes room for the first read as large as that may become, 64 KiB, and keeps it as
 * long as the connection; for less than it has room for anyway it keeps 1 KiB, until more comes at once.
 */
function receive(secured: TLSSocket, bytes: Buffer): void {
  const { _handle: handle } = secured as unknown as { _handle: { receive(bytes: Buffer): void } | null };
  for (let at = 0; at < bytes.length && !secured.destroyed; at += pieceBytes) {
    handle?.receive(bytes.subarray(at, at + pieceBytes));
  }
}

const closed = (): Error => new Error('Cannot complete the TLS handshake: the connection was closed');
const late = (timeoutMs: number): Error => new Error(`Cannot complete the TLS handshake within ${timeoutMs} ms`);

function handshake(socket: TLSSocket, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      socket.off('secure', onSecure).off('close', onClose).off('_tlsError', settle);
      if (error) {
        // What follows on a failed socket has no listener any more.
        socket.on('error', () => {});
        reject(error);
      } else {
        socket.off('error', settle);
        // RFC 8446 §6.2: an alert of ours ends the connection. Node would leave it open: only its own server sees to that.
        socket.on('_tlsError', () => void socket.destroy());
        resolve();
      }
    };
    const onSecure = (): void => settle();
    const onClose = (): void => settle(closed());
    const timer = setTimeout(() => settle(late(timeoutMs)), timeoutMs);
    socket.on('secure', onSecure).on('close', onClose).on('error', settle).on('_tlsError', settle);
  });
}
