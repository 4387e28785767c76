import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ConfigFileError } from './config-error.ts';

/**
 * Reads a private key for DKIM signatures: RSA with 1024 bits at least (RFC 8301 §3.2), or Ed25519 (RFC 8463).
 * @throws ConfigFileError
 */
export async function readDkimKey(path: string): Promise<KeyObject> {
  try {
    const key = createPrivateKey(await readFile(path));
    if (key.asymmetricKeyType === 'ed25519') return key;
    if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 1024) return key;
  } catch (error) {
    throw new ConfigFileError(path, error, hint);
  }
  throw new ConfigFileError(path, new Error('it is no RSA key of 1024 bits or more, and no Ed25519 key'), hint);
}

const hint =
  'Restore the key for DKIM from a backup, or make one, and put its public half into DNS: openssl genrsa 2048';
