import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import { saslprep } from './saslprep.ts';
import type { ScramHash } from './scram-keys.ts';
import {
  deriveScramSecret,
  formatScramSecret,
  parseScramSecret,
  scramIterations,
  scramSaltBytes,
} from './scram-secret.ts';

/** What is stored of a password for SCRAM: RFC 5803, for `parseScramSecret`. */
export interface StoredScramSecrets {
  readonly scramSha1: string;
  readonly scramSha256: string;
}

/** What is stored for a password, as text. */
export interface PasswordSecrets extends StoredScramSecrets {
  /** PHC string, for PLAIN and LOGIN and everything else that is given the password. */
  readonly argon2id: string;
}

export class PasswordNotAllowedError extends RestanteError {
  constructor(detail: string) {
    super('password-not-allowed', `Cannot set password: ${detail}`);
  }
}

/** Too many passwords wait to be verified. The caller answers with a temporary failure. */
export class PasswordCheckBusyError extends RestanteError {
  constructor() {
    super('password-check-busy', 'Cannot verify password: too many others wait to be verified');
  }
}

// OWASP's choice for argon2id: 19 MiB, 2 passes, 1 lane; 40 to 60 ms on a server core.
const cost = { memory: 19 * 1024, passes: 2, parallelism: 1, tagLength: 32 };

const phcString =
  /^\$argon2id\$v=19\$m=([1-9][0-9]{0,6}),t=([1-9][0-9]?),p=([1-9][0-9]?)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const argon2Async = promisify(argon2);
const decoySalt = Buffer.from('no such login...');

let running = 0;
const waiting: (() => void)[] = [];

/**
 * Derives all that is stored for a password, off the main thread (about 0.1 s).
 * @param beside another password of the same account, whose SCRAM salts and iterations this one takes over
 * @throws PasswordNotAllowedError when SASLprep refuses it, or it is empty or longer than 1024 bytes
 */
export async function hashPassword(password: string, beside?: StoredScramSecrets): Promise<PasswordSecrets> {
  const prepared = saslprep(password);
  if (!prepared) throw new PasswordNotAllowedError('it is empty, or has characters that cannot be typed reliably');
  if (Buffer.byteLength(prepared) > limits.passwordBytes || Buffer.byteLength(password) > limits.passwordBytes)
    throw new PasswordNotAllowedError(`it is longer than ${limits.passwordBytes} bytes`);
  const salt = randomBytes(16);
  const [tag, scram] = await Promise.all([
    argon2Async('argon2id', { message: prepared, nonce: salt, ...cost }),
    deriveScramSecrets(prepared, beside),
  ]);
  return {
    argon2id: `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(salt)}$${unpadded(tag)}`,
    ...scram,
  };
}

/** @param prepared by SASLprep. @param beside as for `hashPassword` */
export async function deriveScramSecrets(prepared: string, beside?: StoredScramSecrets): Promise<StoredScramSecrets> {
  const derive = async (hash: ScramHash, other: string | undefined): Promise<string> => {
    const { salt, iterations } = (other === undefined ? undefined : parseScramSecret(hash, other)) ?? {
      salt: randomBytes(scramSaltBytes),
      iterations: scramIterations,
    };
    return formatScramSecret(hash, await deriveScramSecret(hash, prepared, salt, iterations));
  };
  const [scramSha1, scramSha256] = await Promise.all([
    derive('sha1', beside?.scramSha1),
    derive('sha256', beside?.scramSha256),
  ]);
  return { scramSha1, scramSha256 };
}

/**
 * Compares a password with a stored PHC string in constant time, off the main thread.
 * @param stored undefined for an unknown login, which takes as long and is false
 * @throws PasswordCheckBusyError
 */
export async function verifyPassword(stored: string | undefined, password: string): Promise<boolean> {
  const hash = stored === undefined ? undefined : phcString.exec(stored);
  if (hash === null) throw new RestanteError('password-hash-unknown', 'Cannot verify password: unknown kind of hash');
  const prepared = Buffer.byteLength(password) > limits.passwordBytes ? '' : (saslprep(password) ?? '');
  const expected = hash && Buffer.from(hash[5], 'base64');
  const tag = await throughGate(() =>
    argon2Async('argon2id', {
      message: prepared,
      nonce: hash ? Buffer.from(hash[4], 'base64') : decoySalt,
      memory: hash ? Number(hash[1]) : cost.memory,
      passes: hash ? Number(hash[2]) : cost.passes,
      parallelism: hash ? Number(hash[3]) : cost.parallelism,
      tagLength: expected?.length ?? cost.tagLength,
    }),
  );
  return prepared !== '' && expected !== undefined && timingSafeEqual(tag, expected);
}

async function throughGate<T>(work: () => Promise<T>): Promise<T> {
  if (running >= limits.passwordChecks) {
    if (waiting.length >= limits.passwordChecksWaiting) throw new PasswordCheckBusyError();
    // Whoever ends hands its place over: `running` stays.
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
