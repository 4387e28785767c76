import { limits } from '../runtime/limits.ts';
import { AuthenticationError } from './authentication-error.ts';
import type { CredentialSource } from './credential-source.ts';
import { emptyChallenge, type MechanismStep, type ServerMechanism } from './server-mechanism.ts';
import { checkAuthorizationId, verifyPlainPassword } from './verify-plain-password.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** PLAIN: `authzid NUL authcid NUL passwd`. Source: RFC 4616 */
export class PlainServer implements ServerMechanism {
  readonly name = 'PLAIN';
  readonly #credentials: CredentialSource;

  constructor(credentials: CredentialSource) {
    this.#credentials = credentials;
  }

  async next(response: Buffer | undefined): Promise<MechanismStep> {
    if (response === undefined) return { challenge: emptyChallenge };
    const { authorizationId, login, password } = parsePlainMessage(response);
    const identity = await verifyPlainPassword(this.#credentials, login, password);
    checkAuthorizationId(authorizationId, login, identity);
    return { success: identity };
  }
}

function parsePlainMessage(message: Buffer): { authorizationId: string; login: string; password: string } {
  const parts = message.length > limits.saslPlainBytes ? [] : decodeUtf8(message).split('\0');
  if (parts.length !== 3 || parts[1] === '' || parts[2] === '')
    throw new AuthenticationError('malformed', 'Cannot read PLAIN message: it is not authzid NUL authcid NUL passwd');
  const [authorizationId, login, password] = parts as [string, string, string];
  return { authorizationId, login, password };
}

function decodeUtf8(message: Buffer): string {
  try {
    return utf8.decode(message);
  } catch (cause) {
    throw new AuthenticationError('malformed', 'Cannot read PLAIN message: it is not UTF-8', { cause });
  }
}
