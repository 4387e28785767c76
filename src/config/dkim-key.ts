import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

export interface DkimKey {
  /** PKCS #8. */
  privatePem: string;
  /** What the TXT record at `<selector>._domainkey.<domain>` says. */
  txt: string;
}

/** Makes a key for DKIM signatures: RSA with 2048 bits (RFC 8301 §3.2) or Ed25519 (RFC 8463). */
export function createDkimKey(type: 'rsa' | 'ed25519'): DkimKey {
  const { privateKey } =
    type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
  return { privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), txt: dkimTxt(privateKey) };
}

/** What the TXT record of a key says. Source: RFC 6376 §3.6.1, RFC 8463 §4 */
export function dkimTxt(privateKey: KeyObject): string {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  // An Ed25519 key is published as its 32 bytes, an RSA key with its SubjectPublicKeyInfo.
  const isRsa = privateKey.asymmetricKeyType === 'rsa';
  const bytes = isRsa ? spki : spki.subarray(-32);
  return `v=DKIM1; k=${isRsa ? 'rsa' : 'ed25519'}; p=${bytes.toString('base64')}`;
}
