import { RestanteError } from '../runtime/errors.ts';

/**
 * - `failed`: wrong password, unknown login, refused authorization identity, channel binding that doesn't match. Peers are never told which.
 * - `malformed`: what the client sent is no message of the mechanism.
 * - `aborted`: the client gave up (`*`).
 * - `temporary`: the server couldn't check, the client may try again.
 */
export type AuthenticationErrorCode = 'failed' | 'malformed' | 'aborted' | 'temporary';

/** A login that didn't succeed. `login` is what the client claimed to be, for the log of login attempts, once it is known. */
export class AuthenticationError extends RestanteError {
  declare readonly code: AuthenticationErrorCode;
  readonly login: string | undefined;

  constructor(code: AuthenticationErrorCode, message: string, details: { login?: string; cause?: unknown } = {}) {
    super(code, message, {
      cause: details.cause,
      context: details.login === undefined ? {} : { login: details.login },
    });
    this.login = details.login;
  }
}
