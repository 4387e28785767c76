import type { ScramHash } from './scram-keys.ts';
import type { ScramSecret } from './scram-secret.ts';

/** Where the mechanisms look up who may log in: given by the store through `main.ts`. Logins arrive prepared by SASLprep. */
export interface CredentialSource {
  /** Verifies a plain password; returns the account name or undefined. Does the same work for unknown logins. */
  verifyPassword(login: string, password: string): Promise<{ account: string } | undefined>;
  /** SCRAM secrets for a login; undefined when it is unknown or has none. */
  scramSecret(login: string, hash: ScramHash): Promise<(ScramSecret & { account: string }) | undefined>;
  /**
   * Secret of this installation from which salts for unknown logins are derived, at least 16 bytes. It must survive restarts: a salt
   * that changes tells that the login doesn't exist.
   */
  readonly decoyKey: Buffer;
}
