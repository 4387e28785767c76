import type { Socket } from 'node:net';
import { addressBytes } from './address-range.ts';
import { RestanteError } from './errors.ts';

/** What a proxy says of the connection it passes on. */
export interface ProxiedConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
}

export class ProxyProtocolError extends RestanteError {
  constructor(detail: string, cause?: unknown) {
    super('proxy-protocol', `Cannot read PROXY header: ${detail}`, { cause });
  }
}

const signature2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const signature1 = Buffer.from('PROXY ');
/** Version 1 has at most 107 bytes; of version 2 we take this much of the fields that follow the addresses. */
const maxHeaderBytes = 4096;
const maxLineBytes = 107;

/**
 * Reads the header that a trusted proxy sends before anything else, version 1 or 2; what follows it stays in the socket.
 * @returns undefined when the proxy speaks for itself (LOCAL, UNKNOWN), as in health checks
 * @throws ProxyProtocolError
 * Source: HAProxy, "The PROXY protocol", versions 1 and 2
 */
export async function readProxyHeader(socket: Socket, timeoutMs: number): Promise<ProxiedConnection | undefined> {
  return await new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const finish = (act: () => void): void => {
      clearTimeout(timer);
      socket.off('data', onData);
      socket.off('error', onError);
      socket.off('end', onEnd);
      socket.off('close', onEnd);
      socket.pause();
      act();
    };
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      try {
        const header = parseProxyHeader(received);
        if (header === undefined) return;
        finish(() => {
          const rest = received.subarray(header.sizeBytes);
          if (rest.length > 0) socket.unshift(rest);
          resolve(header.connection);
        });
      } catch (error) {
        finish(() => reject(error));
      }
    };
    const onError = (error: Error): void => finish(() => reject(new ProxyProtocolError('the connection broke', error)));
    const onEnd = (): void => finish(() => reject(new ProxyProtocolError('the connection is closed')));
    const timer = setTimeout(
      () => finish(() => reject(new ProxyProtocolError(`it is not complete after ${timeoutMs} ms`))),
      timeoutMs,
    );
    socket.on('data', onData);
    socket.on('error', onError);
    socket.on('end', onEnd);
    socket.on('close', onEnd);
    socket.resume();
  });
}

interface ProxyHeader {
  readonly sizeBytes: number;
  readonly connection: ProxiedConnection | undefined;
}

/** @returns undefined when more bytes are needed. @throws ProxyProtocolError */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  if (startsLike(bytes, signature2)) return bytes.length < 16 ? undefined : parseVersion2(bytes);
  if (startsLike(bytes, signature1)) return parseVersion1(bytes);
  throw new ProxyProtocolError('the connection begins with something else');
}

function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.subarray(0, length).equals(signature.subarray(0, length));
}

function parseVersion1(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, maxLineBytes).indexOf('\r\n');
  if (end === -1) {
    if (bytes.length >= maxLineBytes) throw new ProxyProtocolError('its line is too long');
    return undefined;
  }
  const [, family, source, target, sourcePort, ...rest] = bytes.toString('latin1', 0, end).split(' ');
  if (family === 'UNKNOWN') return { sizeBytes: end + 2, connection: undefined };
  const length = family === 'TCP4' ? 4 : family === 'TCP6' ? 16 : 0;
  const port = /^\d{1,5}$/.test(sourcePort ?? '') ? Number(sourcePort) : -1;
  if (length === 0 || rest.length !== 1 || port < 0 || port > 65535)
    throw new ProxyProtocolError('its line is malformed');
  for (const address of [source, target]) {
    if (bytesOf(address).length !== length) throw new ProxyProtocolError('an address is malformed');
  }
  return { sizeBytes: end + 2, connection: { remoteAddress: source, remotePort: port } };
}

function bytesOf(address: string): Uint8Array {
  try {
    return addressBytes(address);
  } catch (error) {
    throw new ProxyProtocolError('an address is malformed', error);
  }
}

function parseVersion2(bytes: Buffer): ProxyHeader | undefined {
  const command = bytes[12];
  if (command !== 0x20 && command !== 0x21) throw new ProxyProtocolError('its version or command is unknown');
  const length = bytes.readUInt16BE(14);
  const sizeBytes = 16 + length;
  if (sizeBytes > maxHeaderBytes) throw new ProxyProtocolError('it is too long');
  if (bytes.length < sizeBytes) return undefined;
  if (command === 0x20) return { sizeBytes, connection: undefined };
  const family = bytes[13];
  if (family === 0x11 && length >= 12) {
    return {
      sizeBytes,
      connection: { remoteAddress: bytes.subarray(16, 20).join('.'), remotePort: bytes.readUInt16BE(24) },
    };
  }
  if (family === 0x21 && length >= 36) {
    const words = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(16 + at * 2).toString(16));
    return { sizeBytes, connection: { remoteAddress: words.join(':'), remotePort: bytes.readUInt16BE(48) } };
  }
  // Unix sockets, UDP and families not known: as if the proxy spoke for itself.
  return { sizeBytes, connection: undefined };
}
