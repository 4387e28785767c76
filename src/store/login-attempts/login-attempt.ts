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
  readonly tls: TLSSocket | undefined;
  readonly result: LoginResult;
}

/** `refused`: not even checked, as too many had failed before. The others are those of AuthenticationError. */
export type LoginResult = 'succeeded' | 'failed' | 'malformed' | 'aborted' | 'temporary' | 'refused';

/** Logins that were all alike. Times in milliseconds. */
export interface LoginRecord {
  /** Whose login it is; undefined when it is nobody's. */
  readonly account: string | undefined;
  readonly login: string;
  readonly remoteAddress: string;
  readonly protocol: string;
  readonly mechanism: string;
  /** Version and cipher; empty without TLS. */
  readonly tls: string;
  readonly result: LoginResult;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
}
