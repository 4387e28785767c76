/** What somebody has logged in with, other than the account's own password: an app password, a certificate. */
export interface Credential {
  /** Tells it from all others of the account, also from those of the same name that were there before. */
  readonly id: string;
  /** For people. */
  readonly name: string;
}

/** Who logged in. `login` is the name as the client gave it, prepared; `account` is whose mail it opens. */
export interface AuthenticatedIdentity {
  account: string;
  login: string;
  /** Undefined: the account's own password. */
  credential?: Credential;
}

export type MechanismStep = { challenge: Buffer } | { success: AuthenticatedIdentity };

/** One login attempt on the server's side: RFC 4422 §3. */
export interface ServerMechanism {
  readonly name: string;
  /**
   * Takes the client's next response, decoded from base64.
   * @param response undefined at the first call when the client sent no initial response. An empty initial response (`=`) is an empty buffer.
   * @returns what to send, base64-encoded, before the next call; or success. SCRAM's final data is sent as a challenge, which the
   *   client answers with an empty response, as neither SMTP nor IMAP carries data with success.
   * @throws AuthenticationError; the attempt is over then
   */
  next(response: Buffer | undefined): Promise<MechanismStep>;
}

export const emptyChallenge: Buffer = Buffer.alloc(0);
