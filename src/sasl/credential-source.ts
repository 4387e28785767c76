import type { ScramHash } from './scram-keys.ts';
import type { AuthenticatedIdentity, Credential } from './server-mechanism.ts';

/** What verifies one password by SCRAM. */
export interface ScramKeys {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
  /** Undefined: the account's own password. */
  readonly credential?: Credential;
}

/**
 * All passwords that open an account. They share salt and iterations: the client is told those before it is known which password
 * it has, and its proof is then compared with each.
 */
export interface ScramSecrets {
  readonly account: string;
  readonly salt: Buffer;
  readonly iterations: number;
  readonly keys: readonly ScramKeys[];
}

/** Where the mechanisms look up who may log in: given by the store through `main.ts`. Logins arrive prepared by SASLprep. */
export interface CredentialSource {
  /** Verifies a plain password; returns whose it is, or undefined. Does the same work for unknown logins. */
  verifyPassword(login: string, password: string): Promise<{ account: string; credential?: Credential } | undefined>;
  /** For SCRAM; undefined when the login is unknown or has no password, also none for something else than what is logged in to. */
  scramSecrets(login: string, hash: ScramHash): Promise<ScramSecrets | undefined>;
  /** Told of a password, other than the account's own, that has let somebody in by SCRAM. */
  used?(account: string, credential: Credential): Promise<void>;
  /**
   * Whom a client's key stands for; undefined when it is not registered, or what it was registered for may not be used.
   * @param fingerprint of `clientKeyFingerprint`
   * @param login as whom it wants to act; undefined: as registered
   */
  certificateIdentity?(
    fingerprint: string,
    login: string | undefined,
  ): Promise<{ identity: AuthenticatedIdentity; imapPreauth: boolean } | undefined>;
  /** The one form of all spellings that name the same account, were there one. Undefined: each login has one spelling. */
  comparableLogin?(login: string): string;
  /**
   * Secret of this installation from which salts for unknown logins are derived, at least 16 bytes. It must survive restarts: a salt
   * that changes tells that the login doesn't exist.
   */
  readonly decoyKey: Buffer;
}
