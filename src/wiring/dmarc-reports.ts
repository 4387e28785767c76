import { setTimeout as wait } from 'node:timers/promises';
import type { LiveDomains } from '../config/live-domains.ts';
import type { StaticConfig } from '../config/static-config.ts';
import type { DeliveryOptions } from '../delivery/create-delivery.ts';
import type { IncomingMessage } from '../delivery/incoming-message.ts';
import { createNoteEvaluation } from '../delivery/note-evaluation.ts';
import { reportKind } from '../delivery/report-kind.ts';
import { createTakeReport } from '../delivery/take-report.ts';
import type { Resolver } from '../dns/resolver.ts';
import type { Queue } from '../queue/queue.ts';
import type { ReportFailure } from '../queue/settle-attempt.ts';
import type { AggregateReport } from '../reports/dmarc/aggregate-report.ts';
import { DmarcEvaluations } from '../reports/dmarc/evaluations/evaluations.ts';
import { readReportMessage } from '../reports/dmarc/read-report-message.ts';
import { ReceivedReports } from '../reports/dmarc/received/received-reports.ts';
import { namesReport, ReportSender, reportSenderAddress } from '../reports/dmarc/sending/report-sender.ts';
import type { Clock } from '../runtime/clock.ts';
import { limits } from '../runtime/limits.ts';
import type { RootLog } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { formatAddress } from '../smtp/address.ts';
import type { DataDirectory } from './open-data-directory.ts';
import { isOurs, reportDomain } from './report-domain.ts';
import { submitReport } from './submit-report.ts';

export interface DmarcReports extends AsyncDisposable {
  readonly received: ReceivedReports;
  readonly evaluations: DmarcEvaluations;
  /** What delivery calls. */
  readonly takeReport: (message: IncomingMessage) => Promise<boolean>;
  readonly hooks: Pick<DeliveryOptions, 'noteEvaluation'>;
  /** Addresses that reports cannot be delivered to get none for a while. */
  onReportFailed(failure: ReportFailure): void;
  /** Begins to send reports to others, if they are to be sent. Returns what ends it, to be called before the queue goes. */
  start(queue: Pick<Queue, 'submit'>): () => Promise<void>;
}

/** Reports of DMARC, in and out: their databases, what delivery does for them, and what sends them. */
export async function openDmarcReports(options: {
  config: StaticConfig;
  domains: LiveDomains;
  data: Pick<DataDirectory, 'engine' | 'path' | 'accounts'>;
  resolver: Resolver;
  clock: Clock;
  log: RootLog;
  metrics: Metrics;
}): Promise<DmarcReports> {
  const { config, domains, data, resolver, clock, metrics } = options;
  const { hostname, localserve, dmarcReporting } = config;
  const log = options.log.part('reports');
  await using opened = new AsyncDisposableStack();
  const where = { engine: data.engine, dataDirectory: data.path };
  const received = opened.use(await ReceivedReports.open(where));
  const evaluations = opened.use(await DmarcEvaluations.open({ ...where, clock, log }));
  const isReporting = dmarcReporting.enabled && !localserve;
  const senderDomain = (): string | undefined => reportDomain(hostname, domains);
  const resolve = (localpart: string, domain: string | undefined) => domains.addressBook.resolve(localpart, domain);
  const isOwn = (address: string): boolean => {
    const found = domains.addressBook.resolveAddress(address);
    return found.kind === 'account' && found.reports === 'dmarc';
  };
  const takeReport = createTakeReport<AggregateReport>(
    {
      name: 'DMARC report',
      counter: metrics.counter(
        'restante_dmarc_reports_received_total',
        'Messages to addresses for DMARC reports, by what became of the report.',
      ),
      senderOf: ({ sender }) => (sender?.dmarc.result === 'pass' ? sender.dmarc.domain : undefined),
      read: readReportMessage,
      ofOurs: (report) => (isOurs(report.policy.domain, domains) ? report : undefined),
      store: (taken) => received.store(taken),
      describe: ({ orgName, reportId, policy, records }) => ({
        org: orgName,
        reportId,
        domain: policy.domain,
        records: records.length,
      }),
    },
    { clock, log },
  );
  const noteEvaluation = createNoteEvaluation({
    evaluations,
    isAboutReports({ recipients, envelope, file: { structure } }) {
      const answered = [structure.envelope.inReplyTo, structure.references];
      if (answered.some((field) => namesReport(field, hostname))) return true;
      if (recipients.some(({ address }) => reportKind(resolve, address) !== undefined)) return true;
      const domain = senderDomain();
      const sender = domain === undefined ? undefined : reportSenderAddress(domain);
      const areToSender = recipients.every(({ address }) => formatAddress(address).toLowerCase() === sender);
      return areToSender && envelope.sender === undefined;
    },
  });
  const suppressing = new Set<Promise<void>>();
  const resources = opened.move();
  return {
    received,
    evaluations,
    takeReport,
    hooks: isReporting ? { noteEvaluation } : {},
    onReportFailed({ recipient, reply }) {
      const until = clock.now() + limits.dmarcSuppressionMs;
      const reason = `${reply.code} ${reply.enhanced} ${reply.text}`.slice(0, limits.dmarcReportText);
      log.info({ recipient, reason }, 'DMARC report not delivered: the address gets none for some time');
      const done = evaluations.suppressions
        .add(recipient, { until, reason })
        .catch((error: unknown) => log.error({ err: error, recipient }, 'address for reports not suppressed'))
        .finally(() => suppressing.delete(done));
      suppressing.add(done);
    },
    start(queue) {
      const stopping = new AbortController();
      if (!isReporting) return async () => {};
      const sender = new ReportSender({
        evaluations,
        resolver,
        clock,
        log,
        metrics,
        hostname,
        senderDomain,
        async submit(outgoing) {
          // Mail to ourselves does not come from another server, so that nothing would take the report out of it.
          if (outgoing.recipients.some(isOwn)) {
            await received.store({ sender: outgoing.report.orgName, report: outgoing.report, now: clock.now() });
          }
          await submitReport(outgoing, { accounts: data.accounts, queue, kind: 'dmarc' });
        },
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
