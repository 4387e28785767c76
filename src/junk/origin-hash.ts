import { hash } from 'node:crypto';

/**
 * The number under which an origin is counted: 53 bits. Unlike a word's it is a cryptographic hash, as one origin alone may let a message in.
 * @param salt of the filter
 */
export function originHash(origin: string, salt: Uint8Array): number {
  const digest = hash('sha256', Buffer.concat([salt, Buffer.from(origin)]), 'buffer');
  return digest.readUIntBE(0, 6) * 32 + (digest[6]! >> 3);
}
