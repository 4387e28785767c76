import { createHash } from 'node:crypto';

/**
 * What two messages have in common exactly when mail programs see the same bytes in both, stored in the same way: the SHA-256 of the
 * file, or of that and the headers that the server put before it.
 * @returns 32 bytes
 */
export function contentIdentity(sha256: Uint8Array, prefix: Uint8Array): Uint8Array {
  if (prefix.length === 0) return sha256;
  return createHash('sha256').update(sha256).update(prefix).digest();
}
