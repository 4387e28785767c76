import { AuthenticationError } from './authentication-error.ts';
import type { CredentialSource } from './credential-source.ts';
import { saslprep } from './saslprep.ts';
import type { AuthenticatedIdentity } from './server-mechanism.ts';

/**
 * Prepares login and password and looks them up.
 * @returns who it is, with the login prepared
 * @throws AuthenticationError `failed`
 */
export async function verifyPlainPassword(
  credentials: CredentialSource,
  login: string,
  password: string,
): Promise<AuthenticatedIdentity> {
  const preparedLogin = saslprep(login);
  const preparedPassword = saslprep(password);
  const verified =
    preparedLogin && preparedPassword ? await credentials.verifyPassword(preparedLogin, preparedPassword) : undefined;
  if (!preparedLogin || !verified) {
    // As it was looked up: failures in other spellings count for the same login.
    const claimed = preparedLogin ?? login;
    throw new AuthenticationError('failed', `Cannot log in "${claimed}": unknown login or wrong password`, {
      login: claimed,
    });
  }
  return { ...verified, login: preparedLogin };
}

/**
 * Nobody acts for somebody else: an authorization identity is the login itself or the account that it opens. RFC 4422 §3.4.1.
 * @param given the login as the client wrote it
 */
export function checkAuthorizationId(
  authorizationId: string | undefined,
  given: string,
  { login, account }: Pick<AuthenticatedIdentity, 'login' | 'account'>,
): void {
  if (!authorizationId || [given, login, account].includes(authorizationId)) return;
  throw new AuthenticationError('failed', `Cannot log in "${login}": it may not act for "${authorizationId}"`, {
    login,
  });
}
