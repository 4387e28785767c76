import { statfs } from 'node:fs/promises';
import type { LiveDomains } from '../config/live-domains.ts';
import { ownMtaStsPolicy } from '../config/own-mta-sts-policy.ts';
import type { StaticConfig } from '../config/static-config.ts';
import type { Delivery } from '../delivery/create-delivery.ts';
import { autoconfigRoutes, type ClientSettings } from '../http/autoconfig-routes.ts';
import { metricsRoutes } from '../http/metrics-routes.ts';
import { mtaStsRoutes } from '../http/mta-sts-routes.ts';
import { startHttpServer } from '../http/start-http-server.ts';
import { startImapServer } from '../imap-server/start-imap-server.ts';
import type { Queue } from '../queue/queue.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RootLog } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { CredentialSource } from '../sasl/credential-source.ts';
import { LoginGuard } from '../sasl/login-guard.ts';
import { startSmtpServer } from '../smtp-server/start-smtp-server.ts';
import type { AppPasswordScope } from '../store/passwords/app-password.ts';
import type { OpenSessions } from '../store/sessions/open-sessions.ts';
import { configuredLimits, failedLoginLimits } from './configured-limits.ts';
import type { ServiceListener } from './listeners.ts';
import type { DataDirectory } from './open-data-directory.ts';
import { softwareVersion } from './software-version.ts';

export interface ListeningService {
  readonly listener: string;
  readonly service: string;
  readonly address: string;
  readonly port: number;
}

export interface ServersOptions {
  readonly config: StaticConfig;
  readonly domains: LiveDomains;
  readonly data: DataDirectory;
  /** For mail of users. */
  readonly submissions: Pick<Queue, 'submit'>;
  readonly delivery: Delivery;
  /** Of each protocol: app passwords may be good for one only. */
  readonly credentials: Readonly<Record<AppPasswordScope, CredentialSource>>;
  readonly sessions: OpenSessions;
  readonly listeners: readonly ServiceListener[];
  readonly clock: Clock;
  readonly log: RootLog;
  readonly metrics: Metrics;
}

/** How long connections may go on with what they are doing when the server stops. */
const stopGraceMs = 5_000;

/** Starts every listener. Disposing stops taking connections, lets transactions under way end, and closes the rest. */
export async function startServers(
  options: ServersOptions,
): Promise<{ addresses: ListeningService[] } & AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const addresses: ListeningService[] = [];
  const note = (from: readonly ServiceListener[], at: readonly { address: string; port: number }[]): void => {
    for (const [index, { listener, service }] of from.entries()) addresses.push({ listener, service, ...at[index]! });
  };
  const { config, data, domains, clock } = options;
  // All services together: whoever guesses here has guessed there.
  const loginGuard = new LoginGuard({
    clock,
    ...failedLoginLimits(config, clock),
    accountForLogin: (login) => domains.addressBook.accountForLogin(login),
    isKnown: (account, address) => data.loginAttempts.isKnown(account, address),
  });
  const smtp = options.listeners.filter(({ service }) => /^(?:smtp|submissions?)$/.test(service));
  const smtpServer = await startSmtp(options, smtp, loginGuard);
  started.defer(() => smtpServer.stop(stopGraceMs));
  note(smtp, smtpServer.addresses);
  const imap = options.listeners.filter(({ service }) => /^imaps?$/.test(service));
  note(imap, started.use(await startImap(options, imap, loginGuard)).addresses);
  for (const listener of options.listeners.filter(({ service }) => /^(?:https?|metrics)$/.test(service))) {
    note([listener], [started.use(await startHttp(options, listener))]);
  }
  const resources = started.move();
  return { addresses, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

function startSmtp(options: ServersOptions, listeners: readonly ServiceListener[], loginGuard: LoginGuard) {
  const { config, domains, data, submissions, delivery, credentials, sessions, clock, log, metrics } = options;
  return startSmtpServer({
    listeners: listeners.map(({ service, address, port, settings, certificates }) => ({
      address,
      port,
      kind: service === 'smtp' ? 'mx' : 'submission',
      tls: service === 'submissions' ? 'implicit' : certificates === undefined ? 'none' : 'starttls',
      proxyFrom: settings.proxyProtocolFrom,
      allowPlaintextAuth: settings.allowPlaintextAuth,
      ...(certificates === undefined ? {} : { acceptor: certificates }),
      ...(settings.hostname === undefined ? {} : { hostname: settings.hostname }),
    })),
    hostname: config.hostname,
    resolve: (localpart, domain) => domains.addressBook.resolve(localpart, domain),
    mayUseFrom: (account, address) => domains.addressBook.mayUseFrom(account, address),
    credentials: credentials.smtp,
    accounts: data.accounts,
    queue: submissions,
    delivery,
    receivedIdKey: data.receivedIdKey,
    clock,
    log: log.part('smtp-server'),
    metrics,
    limits: configuredLimits(config),
    loginGuard,
    sessions,
    recordLogin: (attempt) => data.loginAttempts.record(attempt),
    localServe: config.localserve,
  });
}

function startImap(options: ServersOptions, listeners: readonly ServiceListener[], loginGuard: LoginGuard) {
  const { config, data, domains, credentials, sessions, clock, log, metrics } = options;
  const { messageBytes, ...ofConnections } = configuredLimits(config);
  return startImapServer({
    listeners: listeners.map(({ service, address, port, settings, certificates }) => ({
      address,
      port,
      tls: service === 'imaps' ? 'implicit' : certificates === undefined ? 'none' : 'starttls',
      proxyFrom: settings.proxyProtocolFrom,
      allowPlaintextAuth: settings.allowPlaintextAuth,
      ...(certificates === undefined ? {} : { acceptor: certificates }),
    })),
    hostname: config.hostname,
    version: softwareVersion,
    accounts: data.accounts,
    credentials: credentials.imap,
    accountForLogin: (login) => domains.addressBook.accountForLogin(login),
    clock,
    log: log.part('imap-server'),
    metrics,
    limits: messageBytes === undefined ? {} : { messageBytes },
    ...ofConnections,
    loginGuard,
    sessions,
    recordLogin: (attempt) => data.loginAttempts.record(attempt),
  });
}

function startHttp(options: ServersOptions, { service, address, port, certificates }: ServiceListener) {
  const { domains, listeners, log, metrics } = options;
  const http = log.part('http');
  if (service === 'metrics') {
    return startHttpServer({ address, port }, [metricsRoutes(metrics, () => healthProblems(options))], { log: http });
  }
  const settings = clientSettings(options.config, listeners);
  const routes = [
    autoconfigRoutes((domain) => (domains.addressBook.isLocalDomain(domain) ? settings : undefined)),
    mtaStsRoutes((domain) => policyOf(options, domain)),
  ];
  const tls = service === 'https' ? certificates : undefined;
  return startHttpServer({ address, port, ...(tls === undefined ? {} : { tls }) }, routes, { log: http });
}

function policyOf({ config, domains }: ServersOptions, domain: string): string | undefined {
  const main = domains.addressBook.mainDomain(domain);
  if (main === undefined) return undefined;
  return ownMtaStsPolicy(domains.config.domains[main]!, config.hostname)?.text;
}

/** What mail programs should use: services that listen elsewhere than on this machine's own addresses come first. */
function clientSettings(config: StaticConfig, listeners: readonly ServiceListener[]): ClientSettings {
  const portOf = (service: string): number | undefined => {
    const found = listeners.filter((listener) => listener.service === service);
    return (found.find(({ address }) => !/^(?:127\.|::1$)/.test(address)) ?? found[0])?.port;
  };
  const ports = { imaps: portOf('imaps'), submissions: portOf('submissions') };
  const startTls = { imap: portOf('imap'), submission: portOf('submission') };
  return { hostname: config.hostname, ...definedOf(ports), ...definedOf(startTls) };
}

function definedOf<Key extends string>(ports: Record<Key, number | undefined>): Partial<Record<Key, number>> {
  return Object.fromEntries(Object.entries(ports).filter(([, port]) => port !== undefined)) as Partial<
    Record<Key, number>
  >;
}

/** Below this much room the server says that it isn't well: mail is about to be refused for now. */
const lowSpaceBytes = 100 * 1024 * 1024;

async function healthProblems({ data }: ServersOptions): Promise<string[]> {
  const { bavail, bsize } = await statfs(data.path);
  const freeBytes = bavail * bsize;
  return freeBytes < lowSpaceBytes ? [`the data directory has only ${Math.floor(freeBytes / 2 ** 20)} MiB left`] : [];
}
