/**
 * The whole server: the only place that knows all parts. Starts them in order, hands each what it needs of the others, and disposes
 * of them in reverse order, so that everything acknowledged is on disk when the process ends.
 */
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { LiveDomains } from './config/live-domains.ts';
import { loadStaticConfig, type StaticConfig } from './config/static-config.ts';
import { controlCommands } from './control/control-commands.ts';
import { controlSocketName } from './control/control-message.ts';
import { type ControlServer, startControlServer } from './control/control-server.ts';
import type { ControlServices } from './control/control-services.ts';
import { createAuthenticateSender } from './delivery/authenticate-sender.ts';
import { createDelivery, type Delivery } from './delivery/create-delivery.ts';
import { createQueueDelivery } from './delivery/deliver-from-queue.ts';
import { createSealPassedOn } from './delivery/seal-passed-on.ts';
import type { Resolver } from './dns/resolver.ts';
import { StubResolver } from './dns/stub-resolver.ts';
import { ImportMetrics } from './imap-import/import-metrics.ts';
import type { Queue } from './queue/queue.ts';
import { startQueue } from './queue/start-queue.ts';
import { systemClock } from './runtime/clock.ts';
import { removeUnfinishedWrites } from './runtime/durable-file.ts';
import { watchEventLoop } from './runtime/event-loop-lag.ts';
import { createLog, type RootLog } from './runtime/log.ts';
import { Metrics } from './runtime/metrics.ts';
import type { CredentialSource } from './sasl/credential-source.ts';
import { createCredentialSource } from './store/authenticate.ts';
import type { AppPasswordScope } from './store/passwords/app-password.ts';
import { OpenSessions } from './store/sessions/open-sessions.ts';
import { accountWebhooks } from './wiring/account-webhooks.ts';
import { backupService } from './wiring/backup-service.ts';
import { checkHostname } from './wiring/check-hostname.ts';
import { sessionLimit } from './wiring/configured-limits.ts';
import { DkimKeys } from './wiring/dkim-keys.ts';
import { type DmarcReports, openDmarcReports } from './wiring/dmarc-reports.ts';
import { incomingFollower } from './wiring/incoming-follower.ts';
import { type IncomingMail, incomingMail } from './wiring/incoming-mail.ts';
import { installAccount } from './wiring/install-account.ts';
import { openListeners } from './wiring/listeners.ts';
import { type DataDirectory, openDataDirectory } from './wiring/open-data-directory.ts';
import { outgoingRoutes } from './wiring/outgoing-routes.ts';
import { outgoingTls } from './wiring/outgoing-tls.ts';
import { SentRecipients } from './wiring/sent-recipients.ts';
import { softwareVersion } from './wiring/software-version.ts';
import type { ListeningService } from './wiring/start-servers.ts';
import { submissionQueue } from './wiring/submission-queue.ts';
import { submitLocally } from './wiring/submit-locally.ts';
import { openTlsReports, type TlsReports } from './wiring/tls-reports.ts';
import { verifyLive } from './wiring/verify-live.ts';

const unfinishedWriteMs = 60_000;
/**
 * New objects, 8 MiB at most, are collected by the thread whose they are: helpers take as much processor time again without sparing it any, and are
 * waited for also when they get no processor, 20 to 90 ms on two that are busy.
 */
const collectorFlags = '--no-parallel-scavenge';

export interface RunningServer {
  stop(): Promise<void>;
  readonly stopped: Promise<void>;
  readonly addresses: readonly ListeningService[];
}

/** Starts the whole server and takes the data directory for this process. */
export async function startServer(options: {
  staticConfigPath: string;
  overrides: { prettyLog?: boolean };
}): Promise<RunningServer> {
  setFlagsFromString(collectorFlags);
  const clock = systemClock;
  const config = await loadStaticConfig(options.staticConfigPath);
  const log = createLog({
    pretty: options.overrides.prettyLog ?? false,
    levels: { ...config.logLevels, '': config.logLevel },
  });
  const metrics = new Metrics();
  await using started = new AsyncDisposableStack();
  started.use(watchEventLoop(metrics));
  // Its socket goes last: `restante stop` waits for that, and then the data directory is free.
  const running: { control?: ControlServer } = {};
  started.defer(() => running.control?.close());
  const core = started.use(await openCore(config, log, metrics));
  const listening = started.use(await openListeners(config, { clock, log: log.part('tls') }));
  const { addressBook } = core.domains;
  const credentialsFor = (scope: AppPasswordScope): CredentialSource =>
    createCredentialSource({
      accounts: core.data.accounts,
      accountForLogin: (login) => loginAccount(core.domains, login),
      comparableLogin: (login) => core.domains.addressBook.comparableLogin(login),
      scope,
      findKey: (fingerprint) => core.data.tlsPublicKeys.get(fingerprint),
      decoyKey: core.data.decoyKey,
      log: log.part('store'),
    });
  const credentials = { imap: credentialsFor('imap'), smtp: credentialsFor('smtp') };
  const sessions = new OpenSessions({
    clock,
    metrics,
    mayLogIn: (account) => loginAccount(core.domains, account) === account,
    ...sessionLimit(config),
  });
  started.defer(core.domains.onChange(() => sessions.endDisallowed()));
  // Loaded here: commands for a stopped server do without, and begin the sooner.
  const { startServers } = await import('./wiring/start-servers.ts');
  const servers = started.use(
    await startServers({ ...core, config, credentials, sessions, listeners: listening.listeners, clock, log, metrics }),
  );
  started.defer(() => core.endDelays());
  const stopping = Promise.withResolvers<void>();
  const services = controlServices(core, { config, log, metrics, sessions, stop: stopping.resolve });
  const control = await startControlServer({
    path: join(config.dataDirectory, controlSocketName),
    commands: controlCommands(services),
    software: softwareVersion,
    log: log.part('control'),
  });
  running.control = control;
  started.defer(() => control.endCommands());
  core.domains.watch();
  const looking = new AbortController();
  started.defer(() => looking.abort());
  if (!config.localserve) {
    void checkHostname(config.hostname, { resolver: core.resolver, log: log.part('main'), signal: looking.signal });
  }
  const main = log.part('main');
  main.info(
    { software: softwareVersion, hostname: config.hostname, domains: addressBook.localDomains().length },
    'ready',
  );

  const resources = started.move();
  const stopped = stopping.promise.then(async () => {
    main.info({}, 'stopping');
    await resources.disposeAsync();
    main.info({}, 'stopped');
    log.flush();
  });
  return {
    addresses: servers.addresses,
    stopped,
    stop() {
      stopping.resolve();
      return stopped;
    },
  };
}

/**
 * Opens the data directory of a stopped server for one command. The queue is open, and delivers nothing.
 * @throws DataDirectoryLockedError while a server runs
 */
export async function openOffline(options: { staticConfigPath: string }): Promise<ControlServices & AsyncDisposable> {
  const config = await loadStaticConfig(options.staticConfigPath);
  const log = createLog({ pretty: process.stderr.isTTY === true, levels: { '': 'warn' } });
  const metrics = new Metrics();
  const core = await openCore(config, log, metrics, { deliver: false });
  return {
    ...controlServices(core, { config, log, metrics, sessions: new OpenSessions({ clock: systemClock }), stop() {} }),
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

/** What a running server and an offline command have in common. */
interface Core extends AsyncDisposable {
  readonly data: DataDirectory;
  readonly domains: LiveDomains;
  readonly queue: Queue;
  /** The same for mail of users. */
  readonly submissions: Pick<Queue, 'submit'>;
  readonly delivery: Delivery;
  readonly resolver: Resolver;
  readonly backup: ControlServices['backup'];
  readonly verify: ControlServices['verify'];
  readonly learner: IncomingMail['learner'];
  readonly dmarcReports: DmarcReports;
  readonly tlsReports: TlsReports;
  readonly endDelays: IncomingMail['endDelays'];
}

async function openCore(config: StaticConfig, log: RootLog, metrics: Metrics, { deliver = true } = {}): Promise<Core> {
  const clock = systemClock;
  await using opened = new AsyncDisposableStack();
  const domains = await LiveDomains.open(config, log.part('config'));
  opened.defer(() => domains.close());
  const data = opened.use(
    await openDataDirectory(config, { log, metrics, clock, domains: () => domains.config, serving: deliver }),
  );
  // Commands write there too, without the lock of the data directory; none takes that long for it.
  await removeUnfinishedWrites(dirname(config.domainsPath), unfinishedWriteMs).catch((error: unknown) => {
    log.part('config').warn({ err: error }, 'what an earlier change left in the configuration directory stays there');
  });
  const resolver = await StubResolver.open({
    servers: config.resolver.servers,
    timeoutMs: config.resolver.timeout,
    clock,
  });
  const closing = new AbortController();
  opened.defer(() => closing.abort(new Error('The server is stopping')));
  // Queue and delivery need each other: mail for lists with outside members goes to the queue, the queue delivers DSNs here.
  const running: { queue?: Queue } = {};
  const incoming = opened.use(
    incomingMail({ config, domains, data, resolver, clock, log, metrics, serving: deliver, signal: closing.signal }),
  );
  const dkimKeys = opened.use(new DkimKeys(domains, log.part('dkim')));
  const reporting = { config, domains, data, resolver, clock, log, metrics };
  const dmarcReports = opened.use(await openDmarcReports(reporting));
  const tlsReports = opened.use(await openTlsReports(reporting));
  const delivery = createDelivery({
    accounts: data.accounts,
    resolve: (localpart, domain) => domains.addressBook.resolve(localpart, domain),
    queue: {
      submit(message) {
        if (running.queue === undefined) throw new TypeError('The queue is not open yet');
        return running.queue.submit(message);
      },
    },
    hostname: config.hostname,
    clock,
    log: log.part('delivery'),
    asOne: (change) => data.engine.changeFiles(change),
    decide: incoming.decide,
    seal: createSealPassedOn({
      signersFor: (domain) => dkimKeys.signersFor(domain),
      clock,
      log: log.part('delivery'),
    }),
    ...dmarcReports.hooks,
    takeReports: { dmarc: dmarcReports.takeReport, tls: tlsReports.takeReport },
    rejects: incoming.rejects,
    authenticate: createAuthenticateSender({
      resolver,
      hostname: config.hostname,
      trustedArcSealers: config.trustedArcSealers,
      clock,
      log: log.part('delivery'),
      metrics,
      signal: closing.signal,
    }),
  });
  const tls = opened.use(await outgoingTls({ config, data, resolver, clock, log, serving: deliver }));
  const queue = opened.use(
    await startQueue({
      ...tls.ofQueue,
      ...tlsReports.ofQueue,
      engine: data.engine,
      dataDirectory: data.path,
      resolver,
      clock,
      random: Math.random,
      log: log.part('queue'),
      metrics,
      hostname: config.hostname,
      isLocalDomain: (domain) => domains.addressBook.isLocalDomain(domain),
      deliverLocally: createQueueDelivery({ delivery, accounts: data.accounts, clock, localServe: config.localserve }),
      loopback: config.localserve,
      routeFor: outgoingRoutes(config, domains),
      keepRetiredMs: config.keepRetiredMessages,
      onReportFailed: (failure) => (failure.kind === 'dmarc' ? dmarcReports : tlsReports).onReportFailed(failure),
      webhooks: accountWebhooks(domains),
      ...(deliver ? {} : { maxDeliveries: 0 }),
    }),
  );
  running.queue = queue;
  const followed = opened.use(
    incomingFollower({ config, domains, data, queue, clock, log: log.part('delivery'), serving: deliver }),
  );
  followed.start();
  const sent = opened.use(new SentRecipients(data.accounts, log.part('store')));
  const submissions = submissionQueue(queue, {
    config,
    domains,
    keys: dkimKeys,
    clock,
    onSent: (message) => sent.note(message),
  });
  if (deliver) {
    for (const reports of [dmarcReports, tlsReports]) opened.defer(reports.start(submissions));
  }
  const backup = await backupService({
    config,
    domains,
    data,
    serving: deliver,
    clock,
    log: log.part('backup'),
    metrics,
  });
  const resources = opened.move();
  return {
    data,
    domains,
    queue,
    submissions,
    delivery,
    resolver,
    backup,
    dmarcReports,
    tlsReports,
    learner: incoming.learner,
    endDelays: incoming.endDelays,
    verify: verifyLive({ config, data, clock, log: log.part('backup'), metrics }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function controlServices(
  core: Core,
  options: { config: StaticConfig; log: RootLog; metrics: Metrics; sessions: OpenSessions; stop: () => void },
): ControlServices {
  const { data, domains, queue, submissions } = core;
  const { config, log, metrics, sessions, stop } = options;
  const clock = systemClock;
  return {
    software: softwareVersion,
    config,
    domains: {
      get config() {
        return domains.config;
      },
      // A backup must not fall between two files of the configuration.
      edit: (changes) => data.engine.changeFiles(() => domains.edit(changes)),
      reload: () => domains.reload(),
    },
    logLevels: log,
    accounts: data.accounts,
    sessions,
    loginAttempts: data.loginAttempts,
    tlsPublicKeys: data.tlsPublicKeys,
    dmarcReports: core.dmarcReports,
    tlsReports: core.tlsReports,
    queue,
    importMetrics: new ImportMetrics(metrics),
    stop,
    backup: core.backup,
    verify: core.verify,
    retrainJunkFilter: (account) => core.learner.learn(account, { anew: true }),
    installAccount: installAccount({ data, clock, log: log.part('backup') }),
    submit: (message) =>
      submitLocally(message, { accounts: data.accounts, queue: submissions, hostname: config.hostname, clock }),
  };
}

/** Disabled accounts keep their mail and receive more, and nobody gets in. */
function loginAccount(domains: LiveDomains, login: string): string | undefined {
  const account = domains.addressBook.accountForLogin(login);
  if (account === undefined) return undefined;
  return domains.config.accounts[account]?.loginDisabled === undefined ? account : undefined;
}
