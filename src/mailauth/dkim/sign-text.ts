import { createHash, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { ByteText } from '../../message/structure.ts';

/** A key to sign with; its public half is in DNS at `<selector>._domainkey.<domain>`. */
export interface DkimSigner {
  /** A-labels. */
  readonly domain: string;
  readonly selector: string;
  /** RSA or Ed25519. */
  readonly key: KeyObject;
}

const signBytes = promisify(sign);

/** For the tag `a`. */
export function algorithmOf(key: KeyObject): string {
  return `${key.asymmetricKeyType === 'rsa' ? 'rsa' : 'ed25519'}-sha256`;
}

/** @returns what the tag `b` has, folded: whitespace in it counts for nothing (RFC 6376 §3.5) */
export async function signText(text: ByteText, key: KeyObject): Promise<string> {
  const signed = Buffer.from(text, 'latin1');
  // RFC 8463 §3: Ed25519 signs the SHA-256 of what RSA would sign.
  const signature =
    key.asymmetricKeyType === 'rsa'
      ? await signBytes('sha256', signed, key)
      : await signBytes(null, createHash('sha256').update(signed).digest(), key);
  return (signature.toString('base64').match(/.{1,66}/g) ?? []).join('\r\n\t ');
}
