import { createHash, verify } from 'node:crypto';
import { promisify } from 'node:util';
import type { ByteText } from '../../message/structure.ts';
import type { DkimKey } from './dkim-key.ts';

const verifyBytes = promisify(verify);

/** @param key one that checkKey has let through */
export async function isSignedBy({ key, type }: DkimKey, text: ByteText, signature: Uint8Array): Promise<boolean> {
  const signed = Buffer.from(text, 'latin1');
  if (type === 'rsa') return await verifyBytes('sha256', signed, key!, signature);
  // RFC 8463 §3: Ed25519 signs the SHA-256 of what RSA would sign.
  return await verifyBytes(null, createHash('sha256').update(signed).digest(), key!, signature);
}
