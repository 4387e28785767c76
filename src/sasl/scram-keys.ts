import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

export type ScramHash = 'sha1' | 'sha256';

export const scramKeyBytes: Record<ScramHash, number> = { sha1: 20, sha256: 32 };

const pbkdf2Async = promisify(pbkdf2);

/** RFC 5802 §3, `Hi`. Runs off the main thread. @param password prepared by SASLprep */
export function saltedPassword(hash: ScramHash, password: string, salt: Buffer, iterations: number): Promise<Buffer> {
  return pbkdf2Async(password, salt, iterations, scramKeyBytes[hash], hash);
}

/** RFC 5802 §3, `HMAC`. */
export function hmac(hash: ScramHash, key: Buffer, data: string | Buffer): Buffer {
  return createHmac(hash, key).update(data).digest();
}

/** RFC 5802 §3, `H`. */
export function digest(hash: ScramHash, data: Buffer): Buffer {
  return createHash(hash).update(data).digest();
}

/** @param a, b of the same length */
export function xor(a: Buffer, b: Buffer): Buffer {
  const result = Buffer.allocUnsafe(a.length);
  for (let i = 0; i < a.length; i++) result[i] = a[i]! ^ b[i]!;
  return result;
}
