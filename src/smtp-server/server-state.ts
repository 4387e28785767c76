import { limits as defaultLimits } from '../runtime/limits.ts';
import type { Counter } from '../runtime/metrics.ts';
import { OpenLimit, RateLimit } from '../runtime/rate-limit.ts';
import { LoginGuard } from '../sasl/login-guard.ts';
import { OpenSessions } from '../store/sessions/open-sessions.ts';
import { ReceivedIds } from './received-ids.ts';
import type { ServerLimits, SmtpServerOptions } from './smtp-server-options.ts';
import type { SmtpSession } from './smtp-session.ts';

/** What all connections of one server share. */
export class ServerState {
  readonly options: SmtpServerOptions;
  readonly limits: ServerLimits;
  readonly sessions = new Set<SmtpSession>();
  readonly receivedIds: ReceivedIds;
  readonly connectionRate: RateLimit;
  readonly openConnections: OpenLimit;
  readonly loginGuard: LoginGuard;
  /** Those that are logged in, of all servers. */
  readonly openSessions: OpenSessions;
  readonly connections: Counter;
  readonly messages: Counter;
  readonly refusals: Counter;
  readonly logins: Counter;
  /** Set by stop: no new transactions. */
  stopping = false;
  /** Ends waits when the server stops. */
  readonly stop = new AbortController();

  constructor(options: SmtpServerOptions) {
    const { clock, metrics } = options;
    this.options = options;
    this.limits = { ...defaultLimits, ...options.limits };
    this.receivedIds = new ReceivedIds(options.receivedIdKey, clock.now());
    this.connectionRate = new RateLimit({ clock, windowMs: 60_000, limits: this.limits.connectionsPerMinute });
    this.openConnections = new OpenLimit(this.limits.openConnections);
    this.loginGuard = options.loginGuard ?? new LoginGuard({ clock });
    this.openSessions = options.sessions ?? new OpenSessions({ clock });
    this.connections = metrics.counter(
      'restante_smtp_server_connections_total',
      'Connections, by listener and result.',
    );
    this.messages = metrics.counter('restante_smtp_server_messages_total', 'Messages, by listener and reply.');
    this.refusals = metrics.counter('restante_smtp_server_errors_total', 'Error replies, by listener and reply.');
    this.logins = metrics.counter('restante_smtp_server_logins_total', 'Logins, by mechanism and result.');
    const open = metrics.gauge('restante_smtp_server_connections_open', 'Connections open now.');
    metrics.onCollect(() => open.set(this.sessions.size));
  }
}
