import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';

/** The public key of a client's certificate: all that counts of it. Whoever has signed it, and for how long, says nothing here. */
export interface ClientKey {
  /** SHA-256 of SubjectPublicKeyInfo, base64url without padding. */
  readonly fingerprint: string;
  /** `rsa-2048`, `ecdsa-p256`, `ed25519` */
  readonly type: string;
  /** Common name of the certificate, or its serial number. */
  readonly name: string;
  readonly certificate: Buffer;
}

export class ClientKeyError extends RestanteError {
  constructor(detail: string, cause?: unknown) {
    super('client-key', `Cannot use certificate: ${detail}`, {
      cause,
      hint: 'Give a certificate in PEM format, from "-----BEGIN CERTIFICATE-----" on, with an RSA, ECDSA or Ed25519 key.',
    });
  }
}

const curves: Readonly<Record<string, string>> = { prime256v1: 'p256', secp384r1: 'p384', secp521r1: 'p521' };
const pemForm = /^-----BEGIN CERTIFICATE-----\r?\n[\s\S]*?^-----END CERTIFICATE-----/m;

/** @param text PEM; what follows the first certificate doesn't matter. @throws ClientKeyError */
export function readClientKey(text: string): ClientKey {
  if (text.length > limits.clientCertificateBytes) throw new ClientKeyError('it is too long');
  const pem = pemForm.exec(text)?.[0];
  if (pem === undefined) throw new ClientKeyError('there is none in PEM format');
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw new ClientKeyError('it is damaged', cause);
  }
  const publicKey = publicKeyOf(certificate);
  if (publicKey === undefined) throw new ClientKeyError('its key is of an unknown kind');
  const commonName = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  return {
    fingerprint: fingerprintOf(publicKey),
    type: typeOf(publicKey),
    name: commonName ?? `serial ${certificate.serialNumber.toLowerCase()}`,
    certificate: certificate.raw,
  };
}

const known = new WeakMap<TLSSocket, { readonly fingerprint: string | undefined }>();

/**
 * Fingerprint of the key that a client has proven to have by its certificate, in the handshake; undefined when it gave none. Stays
 * the same as long as the connection does.
 */
export function clientKeyFingerprint(socket: TLSSocket): string | undefined {
  let found = known.get(socket);
  if (found === undefined) {
    // Not getPeerX509Certificate, which takes it out of the connection. None of a connection that is gone.
    const raw = (socket.getPeerCertificate() as { raw?: Buffer } | null | undefined)?.raw;
    const publicKey = raw && publicKeyOf(new X509Certificate(raw));
    found = { fingerprint: publicKey && fingerprintOf(publicKey) };
    known.set(socket, found);
  }
  return found.fingerprint;
}

function publicKeyOf(certificate: X509Certificate): KeyObject | undefined {
  try {
    return certificate.publicKey;
  } catch {
    return undefined;
  }
}

function fingerprintOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

/** @throws ClientKeyError for what is weak or unusual */
function typeOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'ed25519') return 'ed25519';
  if (asymmetricKeyType === 'ec' && Object.hasOwn(curves, namedCurve)) return `ecdsa-${curves[namedCurve]}`;
  if (asymmetricKeyType !== 'rsa') throw new ClientKeyError(`keys of type "${asymmetricKeyType}" are not accepted`);
  if (modulusLength < limits.clientRsaBits) {
    throw new ClientKeyError(`its RSA key has ${modulusLength} bits, at least ${limits.clientRsaBits} are needed`);
  }
  return `rsa-${modulusLength}`;
}
