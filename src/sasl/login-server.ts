import { limits } from '../runtime/limits.ts';
import { AuthenticationError } from './authentication-error.ts';
import type { CredentialSource } from './credential-source.ts';
import type { MechanismStep, ServerMechanism } from './server-mechanism.ts';
import { verifyPlainPassword } from './verify-plain-password.ts';

const usernamePrompt = Buffer.from('Username:');
const passwordPrompt = Buffer.from('Password:');
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * LOGIN: user name and password, each answering a prompt. Never standardized, yet all that some clients offer. The prompts are those
 * clients compare with. Source: draft-murchison-sasl-login-00
 */
export class LoginServer implements ServerMechanism {
  readonly name = 'LOGIN';
  readonly #credentials: CredentialSource;
  #asked = false;
  #login: string | undefined;

  constructor(credentials: CredentialSource) {
    this.#credentials = credentials;
  }

  async next(response: Buffer | undefined): Promise<MechanismStep> {
    // An empty initial response says "nothing yet" with clients that send `AUTH LOGIN =`.
    const isEmpty = response === undefined || response.length === 0;
    if (isEmpty && !this.#asked && this.#login === undefined) {
      this.#asked = true;
      return { challenge: usernamePrompt };
    }
    const text = decodeResponse(response ?? Buffer.alloc(0));
    if (this.#login === undefined) {
      this.#login = text;
      return { challenge: passwordPrompt };
    }
    return { success: await verifyPlainPassword(this.#credentials, this.#login, text) };
  }
}

function decodeResponse(response: Buffer): string {
  try {
    // Some clients end what they encode with a NUL.
    if (response.length > 0 && response.length <= limits.saslPlainBytes)
      return utf8.decode(response).replace(/\0$/, '');
  } catch {
    // The error below says it.
  }
  throw new AuthenticationError('malformed', 'Cannot read LOGIN response: it is empty, too long or not UTF-8');
}
