import { setTimeout as wait } from 'node:timers/promises';
import type { LiveDomains } from '../config/live-domains.ts';
import type { StaticConfig } from '../config/static-config.ts';
import type { IncomingMessage } from '../delivery/incoming-message.ts';
import { createTakeReport } from '../delivery/take-report.ts';
import type { Resolver } from '../dns/resolver.ts';
import type { Queue } from '../queue/queue.ts';
import type { QueueOptions } from '../queue/queue-options.ts';
import type { ReportFailure } from '../queue/settle-attempt.ts';
import { readTlsReportMessage } from '../reports/tls/read-tls-report.ts';
import { ReceivedTlsReports } from '../reports/tls/received/received-tls-reports.ts';
import { TlsResults } from '../reports/tls/results/tls-results.ts';
import { postTlsReport } from '../reports/tls/sending/post-tls-report.ts';
import { TlsReportSender } from '../reports/tls/sending/tls-report-sender.ts';
import type { TlsReport } from '../reports/tls/tls-report.ts';
import type { Clock } from '../runtime/clock.ts';
import { limits } from '../runtime/limits.ts';
import type { RootLog } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { DataDirectory } from './open-data-directory.ts';
import { isOurs, reportDomain } from './report-domain.ts';
import { submitReport } from './submit-report.ts';

export interface TlsReports extends AsyncDisposable {
  readonly received: ReceivedTlsReports;
  readonly results: TlsResults;
  /** What delivery calls with mail to an address for such reports. */
  readonly takeReport: (message: IncomingMessage) => Promise<boolean>;
  /** What the queue calls. */
  readonly ofQueue: Pick<QueueOptions, 'onTlsResult'>;
  /** Addresses that reports cannot be delivered to get none for a while. */
  onReportFailed(failure: ReportFailure): void;
  /** Begins to send reports to others, if they are to be sent. Returns what ends it, to be called before the queue goes. */
  start(queue: Pick<Queue, 'submit'>): () => Promise<void>;
}

/** Reports on TLS, in and out: their databases, what delivery and queue do for them, and what sends them. */
export async function openTlsReports(options: {
  config: StaticConfig;
  domains: LiveDomains;
  data: Pick<DataDirectory, 'engine' | 'path' | 'accounts'>;
  resolver: Resolver;
  clock: Clock;
  log: RootLog;
  metrics: Metrics;
}): Promise<TlsReports> {
  const { config, domains, data, resolver, clock, metrics } = options;
  const { hostname, localserve, tlsReporting } = config;
  const log = options.log.part('reports');
  await using opened = new AsyncDisposableStack();
  const where = { engine: data.engine, dataDirectory: data.path };
  const received = opened.use(await ReceivedTlsReports.open(where));
  const results = opened.use(await TlsResults.open({ ...where, clock, log }));
  const isReporting = tlsReporting.enabled && !localserve;
  const isOwn = (address: string): boolean => {
    const found = domains.addressBook.resolveAddress(address);
    return found.kind === 'account' && found.reports === 'tls';
  };
  /** Policies of our domains, and of our host itself. */
  const ofOurs = (report: TlsReport): TlsReport | undefined => {
    const policies = report.policies.filter(({ domain }) => domain === hostname || isOurs(domain, domains));
    return policies.length === 0 ? undefined : { ...report, policies };
  };
  const takeReport = createTakeReport<TlsReport>(
    {
      name: 'TLS report',
      counter: metrics.counter(
        'restante_tls_reports_received_total',
        'Messages to addresses for reports on TLS, by what became of the report.',
      ),
      senderOf: signedAuthor,
      read: readTlsReportMessage,
      ofOurs,
      store: (taken) => received.store(taken),
      describe: ({ organization, reportId, policies }) => ({
        org: organization,
        reportId,
        domains: policies.slice(0, 5).map(({ domain }) => domain),
      }),
    },
    { clock, log },
  );
  const suppressing = new Set<Promise<void>>();
  const resources = opened.move();
  return {
    received,
    results,
    takeReport,
    ofQueue: isReporting ? { onTlsResult: (result) => results.note(result) } : {},
    onReportFailed({ recipient, reply }) {
      const until = clock.now() + limits.dmarcSuppressionMs;
      const reason = `${reply.code} ${reply.enhanced} ${reply.text}`.slice(0, limits.dmarcReportText);
      log.info({ recipient, reason }, 'TLS report not delivered: the address gets none for some time');
      const done = results.suppressions
        .add(recipient, { until, reason })
        .catch((error: unknown) => log.error({ err: error, recipient }, 'address for reports not suppressed'))
        .finally(() => suppressing.delete(done));
      suppressing.add(done);
    },
    start(queue) {
      const stopping = new AbortController();
      if (!isReporting) return async () => {};
      const sender = new TlsReportSender({
        results,
        resolver,
        clock,
        log,
        metrics,
        hostname,
        senderDomain: () => reportDomain(hostname, domains),
        async submit(outgoing) {
          // Mail to ourselves does not come from another server, so that nothing would take the report out of it.
          const ours = outgoing.recipients.some(isOwn) ? ofOurs(outgoing.report) : undefined;
          if (ours !== undefined) {
            await received.store({ sender: outgoing.report.organization, report: ours, now: clock.now() });
          }
          await submitReport(outgoing, { accounts: data.accounts, queue, kind: 'tls' });
        },
        post: (url, json, ending) => postTlsReport(url, json, { resolver, signal: ending }),
        wait: (ms, signal) => wait(ms, undefined, { signal, ref: false }),
        signal: stopping.signal,
      });
      const sending = sender.run();
      return async () => {
        stopping.abort(new Error('The server is stopping'));
        await sending;
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(suppressing);
      await resources.disposeAsync();
    },
  };
}

/** RFC 8460 §3: a report must be signed by the domain it is from. */
function signedAuthor({ sender }: IncomingMessage): string | undefined {
  const domain = sender?.author?.domain;
  if (sender === undefined || domain === undefined) return undefined;
  const isSigned = sender.dkim.some(({ result, signature }) => {
    const signer = signature?.domain.toLowerCase();
    return result === 'pass' && signer !== undefined && (signer === domain || domain.endsWith(`.${signer}`));
  });
  return isSigned ? domain : undefined;
}
