import { createHash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

export type ChannelBindingName = 'tls-exporter' | 'tls-server-end-point';

/** Data that ties a login to its TLS connection; a name that is missing can't be used on it. */
export type ChannelBindings = Partial<Record<ChannelBindingName, Buffer>>;

/**
 * Only TLS 1.3 gives any: RFC 9266 §4.2 allows the exporter on TLS 1.2 only with the extended master secret, which node:tls doesn't
 * report, and clients there expect tls-unique. So -PLUS isn't offered on TLS 1.2.
 * @param end whose certificate is the server's: `local` in a server, `peer` in a client
 */
export function channelBindingsOf(socket: TLSSocket, end: 'local' | 'peer'): ChannelBindings | undefined {
  if (!offersChannelBinding(socket)) return undefined;
  const certificate = end === 'local' ? socket.getX509Certificate() : peerCertificate(socket);
  return {
    'tls-exporter': tlsExporter(socket),
    'tls-server-end-point': certificate ? tlsServerEndPoint(certificate) : undefined,
  };
}

// Node 24's getPeerX509Certificate takes the certificate out of the connection: whoever asks after that finds none.
function peerCertificate(socket: TLSSocket): X509Certificate | undefined {
  const { raw } = socket.getPeerCertificate();
  return raw && new X509Certificate(raw);
}

export function offersChannelBinding(socket: TLSSocket): boolean {
  return socket.getProtocol() === 'TLSv1.3';
}

// RFC 9266 §2
function tlsExporter(socket: TLSSocket): Buffer {
  return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
}

/**
 * Hash of the certificate with the hash of its signature, SHA-256 in place of MD5 and SHA-1.
 * @returns undefined for signatures without a single hash, such as Ed25519
 * Source: RFC 5929 §4.1
 */
export function tlsServerEndPoint(certificate: X509Certificate): Buffer | undefined {
  const hash = /sha-?(1|256|384|512)(?![0-9])|md5/i.exec(certificate.signatureAlgorithm ?? '');
  if (!hash) return undefined;
  const bits = hash[1] === undefined || hash[1] === '1' ? '256' : hash[1];
  return createHash(`sha${bits}`).update(certificate.raw).digest();
}
