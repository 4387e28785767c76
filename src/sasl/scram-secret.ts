import { digest, hmac, type ScramHash, saltedPassword, scramKeyBytes } from './scram-keys.ts';
import { decodeBase64 } from './strict-base64.ts';

/** What a server keeps of a password for SCRAM: enough to verify, not to log in elsewhere. RFC 5802 §3. */
export interface ScramSecret {
  salt: Buffer;
  iterations: number;
  storedKey: Buffer;
  serverKey: Buffer;
}

/**
 * RFC 7677 §4 asks for at least 4096. The client does the work at each login, and mail clients open several connections, some on
 * old phones: 65,536 take 15 ms on a server core and some 100 ms on a slow phone, and cost whoever steals the database 16 times more.
 */
export const scramIterations = 65_536;

export const scramSaltBytes = 16;

const attribute: Record<ScramHash, string> = { sha1: 'SCRAM-SHA-1', sha256: 'SCRAM-SHA-256' };

/** @param password prepared by SASLprep */
export async function deriveScramSecret(
  hash: ScramHash,
  password: string,
  salt: Buffer,
  iterations: number,
): Promise<ScramSecret> {
  const salted = await saltedPassword(hash, password, salt, iterations);
  return {
    salt,
    iterations,
    storedKey: digest(hash, hmac(hash, salted, 'Client Key')),
    serverKey: hmac(hash, salted, 'Server Key'),
  };
}

/** Text to store: `SCRAM-SHA-256$65536:salt$StoredKey:ServerKey`, base64. Source: RFC 5803 §3 */
export function formatScramSecret(hash: ScramHash, secret: ScramSecret): string {
  const [salt, storedKey, serverKey] = [secret.salt, secret.storedKey, secret.serverKey].map((part) =>
    part.toString('base64'),
  );
  return `${attribute[hash]}$${secret.iterations}:${salt}$${storedKey}:${serverKey}`;
}

/** @returns undefined when the text is no secret for this hash */
export function parseScramSecret(hash: ScramHash, text: string): ScramSecret | undefined {
  const match = /^(SCRAM-SHA-(?:1|256))\$([1-9][0-9]{0,8}):([^$:]+)\$([^$:]+):([^$:]+)$/.exec(text);
  if (!match || match[1] !== attribute[hash]) return undefined;
  const [salt, storedKey, serverKey] = match.slice(3).map(decodeBase64);
  if (!salt || storedKey?.length !== scramKeyBytes[hash] || serverKey?.length !== scramKeyBytes[hash]) return undefined;
  return { salt, iterations: Number(match[2]), storedKey, serverKey };
}
