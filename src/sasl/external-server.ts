import type { TLSSocket } from 'node:tls';
import { limits } from '../runtime/limits.ts';
import { AuthenticationError } from './authentication-error.ts';
import { clientKeyFingerprint } from './client-key.ts';
import type { CredentialSource } from './credential-source.ts';
import { saslprep } from './saslprep.ts';
import { emptyChallenge, type MechanismStep, type ServerMechanism } from './server-mechanism.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * EXTERNAL: who the client is was shown by its certificate; it may say as whom it wants to act, which is the address that the key is
 * registered for or another login of the same account. Source: RFC 4422 appendix A
 */
export class ExternalServer implements ServerMechanism {
  readonly name = 'EXTERNAL';
  readonly #credentials: CredentialSource;
  readonly #tls: TLSSocket;

  constructor(credentials: CredentialSource, tls: TLSSocket) {
    this.#credentials = credentials;
    this.#tls = tls;
  }

  async next(response: Buffer | undefined): Promise<MechanismStep> {
    if (response === undefined) return { challenge: emptyChallenge };
    const given = decodeAuthorizationId(response);
    const login = given === '' ? undefined : (saslprep(given) ?? given);
    const fingerprint = clientKeyFingerprint(this.#tls);
    const found =
      fingerprint === undefined ? undefined : await this.#credentials.certificateIdentity?.(fingerprint, login);
    if (found === undefined) {
      const text = `Cannot log in${login === undefined ? '' : ` "${login}"`} by EXTERNAL: the key of the certificate is not registered for it`;
      throw new AuthenticationError('failed', text, login === undefined ? {} : { login });
    }
    return { success: found.identity };
  }
}

/** RFC 4422 §A.1: UTF-8 without NUL; empty for whoever the certificate stands for. */
function decodeAuthorizationId(response: Buffer): string {
  try {
    if (response.length <= limits.saslPlainBytes && !response.includes(0)) return utf8.decode(response);
  } catch {
    // The error below says it.
  }
  throw new AuthenticationError('malformed', 'Cannot read EXTERNAL message: it is too long, or not UTF-8 without NUL');
}
