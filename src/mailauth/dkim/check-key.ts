import { limits } from '../../runtime/limits.ts';
import type { DkimKey } from './dkim-key.ts';
import { SignatureFault } from './signature-fault.ts';

/** What is refused whatever the key says. @throws SignatureFault */
export function checkAlgorithm(algorithm: string): void {
  // RFC 8301 §3.1: it proves nothing any more.
  if (algorithm === 'rsa-sha1') throw new SignatureFault('policy', 'rsa-sha1 is not secure');
  if (algorithm !== 'rsa-sha256' && algorithm !== 'ed25519-sha256') {
    throw new SignatureFault('permerror', `the algorithm "${algorithm.slice(0, 30)}" is not known`);
  }
}

/**
 * Whether a key may be used for a signature.
 * @param signature `identity`: undefined for signatures that have none
 * @throws SignatureFault
 * Source: RFC 6376 §6.1.2; RFC 8301 §3
 */
export function checkKey(
  key: DkimKey,
  signature: { readonly algorithm: string; readonly domain: string; readonly identity?: string },
): void {
  const { algorithm, identity, domain } = signature;
  if (key.key === undefined) throw new SignatureFault('permerror', 'the key was revoked');
  if (!algorithm.startsWith(`${key.type}-`)) throw new SignatureFault('permerror', 'the key is of another type');
  if (key.hashes?.includes('sha256') === false) throw new SignatureFault('permerror', 'the key is not for SHA-256');
  if (!key.isForMail) throw new SignatureFault('permerror', 'the key is not for mail');
  if (key.isStrict && identity !== undefined) {
    if (identity.slice(identity.lastIndexOf('@') + 1).toLowerCase() !== domain) {
      throw new SignatureFault('permerror', 'the key is not for domains below its own');
    }
  }
  if (key.type !== 'rsa') return;
  const bits = key.key.asymmetricKeyDetails?.modulusLength ?? 0;
  // RFC 8301 §3.2.
  if (bits < limits.dkimRsaBits) throw new SignatureFault('policy', `an RSA key of ${bits} bits is not secure`);
  if (bits > limits.dkimMaxRsaBits) throw new SignatureFault('policy', `an RSA key of ${bits} bits takes too long`);
}
