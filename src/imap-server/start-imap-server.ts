import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { inNetwork, isLoopback } from '../runtime/address-range.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { limits as allLimits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { readProxyHeader } from '../runtime/proxy-protocol.ts';
import { OpenLimit, RateLimit } from '../runtime/rate-limit.ts';
import type { CredentialSource } from '../sasl/credential-source.ts';
import { LoginGuard } from '../sasl/login-guard.ts';
import type { Accounts } from '../store/accounts.ts';
import type { LoginAttempt } from '../store/login-attempts/login-attempt.ts';
import { OpenSessions } from '../store/sessions/open-sessions.ts';
import { MailboxMemory } from './mailbox-memory.ts';
import { MessageReadThread } from './message-read-thread.ts';
import { runSession } from './run-session.ts';
import type { ImapServerContext, TlsAcceptor } from './server-context.ts';
import { Session } from './session.ts';

export interface ImapListener {
  readonly address: string;
  readonly port: number;
  readonly tls: 'none' | 'starttls' | 'implicit';
  /** Needed unless `tls` is `none`. */
  readonly acceptor?: TlsAcceptor;
  /** Passwords and logins without TLS: for tests and loopback. */
  readonly allowPlaintextAuth?: boolean;
  /** Networks of proxies that begin each connection with a PROXY header. */
  readonly proxyFrom?: readonly string[];
}

export interface ImapServerOptions {
  readonly listeners: readonly ImapListener[];
  readonly hostname: string;
  /** What ID tells. */
  readonly version: string;
  readonly accounts: Accounts;
  readonly credentials: CredentialSource;
  /** The account that a name or address means, whether or not it may log in; default: any that there is, by name. */
  readonly accountForLogin?: (login: string) => string | undefined;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  readonly limits?: Partial<ImapServerContext['limits']>;
  /** Connections of an address range that are open at the same time. */
  readonly openConnections?: readonly [number, number, number];
  readonly connectionsPerMinute?: readonly [number, number, number];
  /** Shared with other servers; made here when not given. */
  readonly loginGuard?: LoginGuard;
  /** Shared with other servers; made here when not given. */
  readonly sessions?: OpenSessions;
  /** Told of every login, good or bad. Must return at once, and not throw. */
  readonly recordLogin?: (attempt: LoginAttempt) => void;
}

export interface ImapServer extends AsyncDisposable {
  /** Of each listener, in the order given, with the port that was taken. */
  readonly addresses: readonly { readonly address: string; readonly port: number }[];
}

/** How long sessions may take to finish what they are at when the server stops. */
const stopMs = 5_000;
const minuteMs = 60_000;

/**
 * Listens and serves until disposed of: then no connection is taken any more, and those that are open get BYE and end.
 * @throws the error of a listener that can't be opened, after the others were closed
 * Source: RFC 9051
 */
export async function startImapServer(options: ImapServerOptions): Promise<ImapServer> {
  const clock = options.clock ?? systemClock;
  const connections = new Connections(options, clock);
  const servers: Server[] = [];
  try {
    for (const listener of options.listeners) servers.push(await listen(listener, connections));
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return {
    addresses: servers.map((server) => {
      const { address, port } = server.address() as AddressInfo;
      return { address, port };
    }),
    async [Symbol.asyncDispose]() {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      await connections.stop();
      await Promise.all(closed);
    },
  };
}

function listen(listener: ImapListener, connections: Connections): Promise<Server> {
  // A client that has sent all it has to say, and said so, gets its answers. TLS has an end of its own.
  const allowHalfOpen = listener.tls !== 'implicit';
  const server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen }, (socket) => {
    void connections.accept(socket, listener);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: listener.address, port: listener.port, ipv6Only: true }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

class Connections {
  readonly #options: ImapServerOptions;
  readonly #open = new Map<Socket, Promise<void>>();
  readonly #sessions = new Map<Socket, Session>();
  readonly #openLimit: OpenLimit;
  readonly #rateLimit: RateLimit;
  readonly #stopping = new AbortController();
  readonly #context: Omit<ImapServerContext, 'tls' | 'allowPlaintextAuth'>;
  readonly #contexts = new Map<ImapListener, ImapServerContext>();
  readonly #refused: (reason: string) => void;
  #count = 0;

  constructor(options: ImapServerOptions, clock: Clock) {
    this.#options = options;
    this.#openLimit = new OpenLimit(options.openConnections ?? allLimits.openConnections);
    this.#rateLimit = new RateLimit({
      clock,
      windowMs: minuteMs,
      limits: options.connectionsPerMinute ?? allLimits.connectionsPerMinute,
    });
    const refused = options.metrics?.counter('restante_imap_refused_total', 'IMAP connections refused, by reason');
    this.#refused = (reason) => refused?.add(1, { reason });
    const logins = options.metrics?.counter('restante_imap_logins_total', 'IMAP logins, by outcome');
    const commands = options.metrics?.counter('restante_imap_commands_total', 'IMAP commands, by name and outcome');
    const durations = options.metrics?.histogram(
      'restante_imap_command_seconds',
      'How long IMAP commands took',
      [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    );
    const commandCounts = new Map<string, () => void>();
    const connected = options.metrics?.gauge('restante_imap_connections', 'Open IMAP connections');
    options.metrics?.onCollect(() => connected?.set(this.#open.size));
    this.#context = {
      hostname: options.hostname,
      version: options.version,
      accounts: options.accounts,
      credentials: options.credentials,
      findAccount: async (login) => {
        const { accountForLogin, accounts } = options;
        if (accountForLogin !== undefined) return accountForLogin(login);
        return (await accounts.exists(login)) ? login : undefined;
      },
      isAccount: (name) => options.accountForLogin === undefined || options.accountForLogin(name) === name,
      log: options.log,
      clock,
      limits: { ...allLimits, ...options.limits },
      loginGuard: options.loginGuard ?? new LoginGuard({ clock }),
      sessions: options.sessions ?? new OpenSessions({ clock }),
      memory: new MailboxMemory({ ...allLimits, ...options.limits }.imapMailboxMemoryBytes),
      messageReads: new MessageReadThread(options.log),
      stopping: this.#stopping.signal,
      countLogin: (outcome, mechanism) => logins?.add(1, { outcome, mechanism }),
      recordLogin: (attempt) => options.recordLogin?.(attempt),
      countCommand: (name, outcome, durationMs) => {
        if (commands === undefined) return;
        const key = `${name} ${outcome}`;
        let count = commandCounts.get(key);
        if (count === undefined) {
          count = commands.labelled({ name, outcome });
          commandCounts.set(key, count);
        }
        count();
        // How long IDLE took says how long the client had nothing to do.
        if (name !== 'IDLE') durations?.observe(durationMs / 1000);
      },
    };
  }

  async accept(socket: Socket, listener: ImapListener): Promise<void> {
    // Whatever breaks is seen by who reads or writes; without a listener it would end the process.
    socket.on('error', () => {});
    const serving = this.#serve(socket, listener).catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'connection ended by an error');
      socket.destroy();
    });
    this.#open.set(socket, serving);
    await serving;
    this.#open.delete(socket);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const all = [...this.#open];
    for (const [connection] of all) this.#endSoon(connection);
    const timer = setTimeout(() => {
      for (const [connection] of all) connection.destroy();
    }, stopMs);
    await Promise.all(all.map(([, serving]) => serving));
    clearTimeout(timer);
    await this.#context.messageReads[Symbol.asyncDispose]();
  }

  /** Says BYE where no command is under way; others are cut off at the end of their time. */
  #endSoon(socket: Socket): void {
    const session = this.#sessions.get(socket);
    if (session === undefined) socket.destroy();
    else session.stop();
  }

  async #serve(socket: Socket, listener: ImapListener): Promise<void> {
    const { imapIdleBeforeLoginMs } = this.#context.limits;
    let remoteAddress = socket.remoteAddress;
    if (remoteAddress === undefined) return void socket.destroy();
    if (listener.proxyFrom?.some((network) => inNetwork(remoteAddress as string, network))) {
      try {
        const proxied = await readProxyHeader(socket, imapIdleBeforeLoginMs);
        remoteAddress = proxied?.remoteAddress ?? remoteAddress;
      } catch (error) {
        this.#options.log.info({ err: error, remoteAddress }, 'no PROXY header');
        return void socket.destroy();
      }
    }
    const end = this.#admit(remoteAddress);
    if (end === undefined) {
      // Under TLS the client couldn't read it. A client that doesn't close its side must not keep ours open.
      if (listener.tls !== 'implicit') socket.write('* BYE [LIMIT] Too many connections from your address\r\n');
      socket.destroySoon();
      return;
    }
    try {
      await this.#serveAddress(socket, listener, remoteAddress);
    } finally {
      end();
    }
  }

  #contextOf(listener: ImapListener): ImapServerContext {
    let context = this.#contexts.get(listener);
    if (context === undefined) {
      const allowPlaintextAuth = listener.allowPlaintextAuth === true;
      context = { ...this.#context, tls: listener.acceptor, allowPlaintextAuth };
      this.#contexts.set(listener, context);
    }
    return context;
  }

  /** @returns what is to be called at the connection's end, or undefined when there are too many */
  #admit(remoteAddress: string): (() => void) | undefined {
    // This machine: no stranger, and a web mail program's sessions all come from here.
    if (isLoopback(remoteAddress)) return () => {};
    const end = this.#openLimit.open(remoteAddress);
    if (end !== undefined && this.#rateLimit.add(remoteAddress)) return end;
    this.#refused(end === undefined ? 'open' : 'rate');
    end?.();
    return undefined;
  }

  async #serveAddress(socket: Socket, listener: ImapListener, remoteAddress: string): Promise<void> {
    const { limits } = this.#context;
    const log = this.#options.log.child({ connection: ++this.#count, remoteAddress });
    let tls: TLSSocket | undefined;
    if (listener.tls === 'implicit') {
      if (listener.acceptor === undefined) throw new TypeError('Cannot serve TLS: the listener has no certificates');
      try {
        tls = await listener.acceptor.accept(socket, limits.imapIdleBeforeLoginMs, { requestCertificate: true });
        tls.on('error', () => {});
      } catch (error) {
        log.info({ err: error }, 'TLS handshake failed');
        return;
      }
    }
    const startTls = listener.tls === 'starttls';
    const session = new Session(this.#contextOf(listener), { socket, tls, startTls, remoteAddress, log });
    this.#sessions.set(socket, session);
    log.debug({ tls: tls !== undefined }, 'connected');
    try {
      await runSession(session);
    } finally {
      this.#sessions.delete(socket);
      session.connection.end();
      session.connection.destroySoon();
      log.debug({}, 'disconnected');
    }
  }
}
