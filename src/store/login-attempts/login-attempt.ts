import type { TLSSocket } from 'node:tls';

/** A login as a server saw it. */
export interface LoginAttempt {
  /** Who was logged in. */
  readonly account?: string | undefined;
  /** Who the client claimed to be, as far as it came to that. */
  readonly login: string | undefined;
  readonly remoteAddress: string;
  readonly protocol: 'imap' | 'submission';
  readonly mechanism: string;
  /** Name of the app password or certificate that let somebody in; undefined for the account's own password. */
  readonly credential?: string | undefined;
  /** What the client says it is: IMAP ID, EHLO. */
  readonly client?: string | undefined;
  readonly tls: TLSSocket | undefined;
  readonly result: LoginResult;
}

/**
 * - `refused`: too many had failed before, from that network or for that login.
 * - `limited`: it was right, and the account had too many sessions.
 * - The others are those of AuthenticationError.
 */
export type LoginResult = 'succeeded' | 'failed' | 'malformed' | 'aborted' | 'temporary' | 'refused' | 'limited';

/** Logins that were all alike. Times in milliseconds. */
export interface LoginRecord {
  /** Whose login it is; undefined when it is nobody's. */
  readonly account: string | undefined;
  readonly login: string;
  readonly remoteAddress: string;
  readonly protocol: string;
  readonly mechanism: string;
  /** Empty: the account's own password, or nobody was let in. */
  readonly credential: string;
  /** Empty when it has not said. */
  readonly client: string;
  /** Version and cipher; empty without TLS. */
  readonly tls: string;
  readonly result: LoginResult;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
}
