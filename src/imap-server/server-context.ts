import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../runtime/clock.ts';
import type { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { CredentialSource } from '../sasl/credential-source.ts';
import type { LoginGuard } from '../sasl/login-guard.ts';
import type { Accounts } from '../store/accounts.ts';
import type { LoginAttempt } from '../store/login-attempts/login-attempt.ts';
import type { OpenSessions } from '../store/sessions/open-sessions.ts';
import type { MailboxMemory } from './mailbox-memory.ts';
import type { MessageReadThread } from './message-read-thread.ts';

/** Does the server's side of a TLS handshake; `tls/certificate-store.ts` is one. */
export interface TlsAcceptor {
  accept(socket: Socket, timeoutMs: number, options?: { requestCertificate?: boolean }): Promise<TLSSocket>;
}

/** What all sessions of a server share. */
export interface ImapServerContext {
  readonly hostname: string;
  readonly version: string;
  readonly accounts: Accounts;
  readonly credentials: CredentialSource;
  /** The account that a name or address means. */
  findAccount(login: string): Promise<string | undefined>;
  /** Whether an account that there was is one still. */
  isAccount(name: string): boolean;
  readonly tls: TlsAcceptor | undefined;
  readonly allowPlaintextAuth: boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly limits: Readonly<
    Record<keyof typeof limits & (`imap${string}` | 'loginClientMs' | 'sessionEndMs'), number>
  > & {
    readonly messageBytes: number;
  };
  readonly loginGuard: LoginGuard;
  /** All that are logged in. */
  readonly sessions: OpenSessions;
  readonly memory: MailboxMemory;
  readonly messageReads: MessageReadThread;
  /** Ends waits when the server stops. */
  readonly stopping: AbortSignal;
  countLogin(outcome: 'succeeded' | 'failed' | 'refused', mechanism: string): void;
  /** Notes every login, for people to see. */
  recordLogin(attempt: LoginAttempt): void;
  countCommand(name: string, outcome: string, durationMs: number): void;
}
