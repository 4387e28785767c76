import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Delivery } from '../delivery/create-delivery.ts';
import type { ResolveRecipient } from '../delivery/resolve-recipient.ts';
import type { Queue } from '../queue/queue.ts';
import type { Clock } from '../runtime/clock.ts';
import type { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { CredentialSource } from '../sasl/credential-source.ts';
import type { LoginGuard } from '../sasl/login-guard.ts';
import type { Accounts } from '../store/accounts.ts';
import type { LoginAttempt } from '../store/login-attempts/login-attempt.ts';
import type { OpenSessions } from '../store/sessions/open-sessions.ts';

/** `tls/certificate-store.ts` is one. */
export interface TlsAcceptor {
  accept(socket: Socket, timeoutMs: number, options?: { requestCertificate?: boolean }): Promise<TLSSocket>;
}

export interface SmtpListener {
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** `mx`: mail from other servers, for recipients here. `submission`: mail from our users, for anybody (RFC 6409). */
  readonly kind: 'mx' | 'submission';
  readonly tls: 'none' | 'starttls' | 'implicit';
  /** Does the TLS handshake on an accepted socket that nobody else reads. Needed unless `tls` is `none`. */
  readonly acceptor?: TlsAcceptor;
  /** Networks of proxies whose PROXY header is believed, and expected. */
  readonly proxyFrom?: readonly string[];
  /** Otherwise that of the server. */
  readonly hostname?: string;
  /** Submission without TLS: for loopback and tests. */
  readonly allowPlaintextAuth?: boolean;
}

type Widened<Value> = Value extends number ? number : readonly [number, number, number];
type SmtpLimits = { readonly [Name in keyof typeof limits]: Widened<(typeof limits)[Name]> };

export interface SmtpServerOptions {
  readonly listeners: readonly SmtpListener[];
  readonly hostname: string;
  readonly resolve: ResolveRecipient;
  /** Whether an account may write with an address (`localpart@domain`, unquoted) as its sender. */
  readonly mayUseFrom: (account: string, address: string) => boolean;
  readonly credentials: CredentialSource;
  readonly accounts: Pick<Accounts, 'startMessage'>;
  readonly queue: Pick<Queue, 'submit'>;
  readonly delivery: Pick<Delivery, 'receive'>;
  /** 16 bytes, kept over restarts: encrypts what the id in a Received field counts. */
  readonly receivedIdKey: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Those that differ from `runtime/limits.ts`. */
  readonly limits?: Partial<SmtpLimits>;
  /** Counts failed logins, together with other servers; made here when not given. */
  readonly loginGuard?: LoginGuard;
  /** Logged in, together with other servers; made here when not given. */
  readonly sessions?: OpenSessions;
  /** Told of every login, good or bad. Must return at once, and not throw. */
  readonly recordLogin?: (attempt: LoginAttempt) => void;
  /** Try-out mode: replies asked for by localparts, see `delivery/requested-reply.ts`. */
  readonly localServe?: boolean;
}

export type ServerLimits = SmtpLimits;
