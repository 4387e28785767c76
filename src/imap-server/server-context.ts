import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../runtime/clock.ts';
import type { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { RateLimit } from '../runtime/rate-limit.ts';
import type { CredentialSource } from '../sasl/credential-source.ts';
import type { Accounts } from '../store/account.ts';
import type { LoginAttempt } from '../store/login-attempts/login-attempt.ts';
import type { SharedUids } from './shared-uids.ts';

/** Does the server's side of a TLS handshake; `tls/certificate-store.ts` is one. */
export interface TlsAcceptor {
  accept(socket: Socket, timeoutMs: number): Promise<TLSSocket>;
}

/** What all sessions of a server share. */
export interface ImapServerContext {
  readonly hostname: string;
  readonly version: string;
  readonly accounts: Accounts;
  readonly credentials: CredentialSource;
  /** The account that a login name, or an account's own name, stands for. */
  readonly accountForLogin: (login: string) => string | undefined;
  readonly tls: TlsAcceptor | undefined;
  readonly allowPlaintextAuth: boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly limits: Readonly<Record<keyof typeof limits & `imap${string}`, number>> & { readonly messageBytes: number };
  /** Failed logins of address ranges: in a minute, in a day. */
  readonly failedLogins: readonly RateLimit[];
  /** How long the answer to a failed login waits, times the failures of the connection. */
  readonly failedLoginDelayMs: number;
  readonly sharedUids: SharedUids;
  /** Ends waits when the server stops. */
  readonly stopping: AbortSignal;
  countLogin(outcome: 'succeeded' | 'failed' | 'refused', mechanism: string): void;
  /** Notes every login, for people to see. */
  recordLogin(attempt: LoginAttempt): void;
  countCommand(name: string, outcome: string, durationMs: number): void;
}
