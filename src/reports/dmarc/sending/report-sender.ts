import { hash } from 'node:crypto';
import { DnsError } from '../../../dns/dns-error.ts';
import type { Resolver } from '../../../dns/resolver.ts';
import { DmarcTree } from '../../../mailauth/dmarc/tree-walk.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { limits } from '../../../runtime/limits.ts';
import type { Log } from '../../../runtime/log.ts';
import type { Counter, Metrics } from '../../../runtime/metrics.ts';
import { runHourly } from '../../run-hourly.ts';
import type { AggregateReport, ReportRecord } from '../aggregate-report.ts';
import type { DueReport } from '../evaluations/evaluation.ts';
import type { DmarcEvaluations } from '../evaluations/evaluations.ts';
import { composeReportMessage } from './compose-report-message.ts';
import { findReportDestinations } from './report-destinations.ts';

/** Mail that brings a report. */
export interface OutgoingReport {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly content: Buffer;
  /** What it brings. */
  readonly report: AggregateReport;
}

export interface ReportSenderOptions {
  readonly evaluations: DmarcEvaluations;
  readonly resolver: Pick<Resolver, 'txt'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly hostname: string;
  /** The domain that reports come from, in A-labels; undefined while there is none that they could pass DMARC with. */
  readonly senderDomain: () => string | undefined;
  /** Signs, and puts into the queue: durable when the promise resolves. */
  readonly submit: (report: OutgoingReport) => Promise<void>;
  /** Waits, or throws the signal's reason. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

const hourMs = 60 * 60 * 1000;
/** What comes before the "@" in the Message-ID of each report: by it answers are known. */
const messageIdPrefix = 'dmarc-report.';

/** Whether a field with Message-IDs, such as In-Reply-To, names a report of a host. */
export function namesReport(field: string | undefined, hostname: string): boolean {
  return field?.includes(`<${messageIdPrefix}`) === true && field.toLowerCase().includes(`@${hostname.toLowerCase()}>`);
}

export function reportSenderAddress(domain: string): string {
  return `postmaster@${domain}`;
}

/**
 * Sends reports to other domains on mail in their name, each hour those that are due.
 *
 * A report whose evaluations could not be removed after it was queued is made again with the same id, by which receivers know that
 * they have it. What cannot be sent for now, as the DNS doesn't answer, is tried again each hour until it is too old.
 * Source: RFC 9990 §3, RFC 7489 §7.2
 */
export class ReportSender {
  readonly #options: ReportSenderOptions;
  readonly #counter: Counter;

  constructor(options: ReportSenderOptions) {
    this.#options = options;
    this.#counter = options.metrics.counter(
      'restante_dmarc_reports_due_total',
      'DMARC reports to other domains, by what became of them.',
    );
  }

  /** Sends what is due at the start and then each hour. Ends when the signal does; what fails waits for the next hour. */
  async run(): Promise<void> {
    await runHourly(() => this.sendDue(), { ...this.#options, what: 'DMARC reports' });
  }

  /** Sends all reports whose interval is over, spread over time when there are many. @throws the signal's reason */
  async sendDue(): Promise<void> {
    const { evaluations, clock, log, wait, signal, senderDomain } = this.#options;
    const { messages } = await evaluations.dropStale();
    if (messages > 0) log.warn({ messages }, 'DMARC evaluations dropped: they could not be reported in time');
    const due = await evaluations.due(clock.now(), limits.dmarcReportsPerHour);
    if (due.length === 0) return;
    const domain = senderDomain();
    if (domain === undefined) {
      log.warn({ reports: due.length }, 'DMARC reports not sent: there is no domain of ours that signs mail with DKIM');
      return;
    }
    const pauseMs = limits.dmarcReportSpreadMs / Math.max(due.length, 60);
    for (const [at, report] of due.entries()) {
      if (at > 0) await wait(pauseMs, signal);
      signal.throwIfAborted();
      await this.#sendOne(report, domain);
    }
  }

  async #sendOne(due: DueReport, submitter: string): Promise<void> {
    const { log, signal } = this.#options;
    const { policyDomain, messages } = due;
    try {
      const result = await this.#tryToSend(due, submitter);
      this.#counter.add(1, { result });
      log.info({ domain: policyDomain, messages, result }, 'DMARC report due');
    } catch (error) {
      signal.throwIfAborted();
      const isDns = error instanceof DnsError;
      this.#counter.add(1, { result: 'failed' });
      log[isDns ? 'info' : 'error']({ domain: policyDomain, err: error }, 'DMARC report not sent: tried again later');
    }
  }

  async #tryToSend(due: DueReport, submitter: string): Promise<'sent' | 'not-wanted' | 'nowhere'> {
    const { evaluations, resolver, signal } = this.#options;
    // As the domain says now: it may have changed its mind.
    const found = await new DmarcTree(resolver, signal).policyFor(due.policyDomain);
    const uris = found?.domain === due.policyDomain ? found.record.aggregateReports : [];
    if (uris.length === 0) {
      await evaluations.remove(due);
      return 'not-wanted';
    }
    const destinations = await findReportDestinations({ resolver, policyDomain: due.policyDomain, uris, signal });
    const wanted: { address: string; maxBytes: number | undefined }[] = [];
    for (const each of destinations.flatMap(({ addresses }) => addresses).slice(0, limits.dmarcReportAddresses)) {
      const isKnown = wanted.some(({ address }) => address.toLowerCase() === each.address.toLowerCase());
      if (!isKnown && !(await evaluations.suppressions.has(each.address))) wanted.push(each);
    }
    const sent = wanted.length > 0 && (await this.#compose(due, submitter, wanted));
    await evaluations.remove(due);
    return sent ? 'sent' : 'nowhere';
  }

  /** @returns false when the report is too large for everybody */
  async #compose(
    due: DueReport,
    submitter: string,
    wanted: readonly { address: string; maxBytes: number | undefined }[],
  ): Promise<boolean> {
    const { evaluations, clock, hostname, submit, log } = this.#options;
    const uniqueId = hash('sha256', `${hostname}\n${JSON.stringify(due, identifying)}`).slice(0, 24);
    const from = reportSenderAddress(submitter);
    const report: AggregateReport = {
      orgName: submitter,
      email: from,
      reportId: `${uniqueId}@${submitter}`,
      beginAt: due.beginHour * hourMs,
      endAt: due.endHour * hourMs - 1000,
      policy: due.policy,
      ...withinLimit(await evaluations.records(due)),
    };
    const to = wanted.map(({ address }) => address);
    const messageId = `${messageIdPrefix}${uniqueId}@${hostname}`;
    const content = await composeReportMessage({
      report,
      uniqueId,
      submitter,
      from,
      to,
      messageId,
      dateMs: clock.now(),
    });
    const recipients = wanted.filter(({ maxBytes = Number.POSITIVE_INFINITY }) => content.length <= maxBytes);
    if (recipients.length < wanted.length) {
      log.info({ domain: due.policyDomain, bytes: content.length }, 'DMARC report is larger than an address wants');
    }
    if (recipients.length === 0) return false;
    await submit({ sender: from, recipients: recipients.map(({ address }) => address), content, report });
    return true;
  }
}

/** What a report is the same by, however often it is made. */
function identifying(key: string, value: unknown): unknown {
  return key === 'messages' ? undefined : value;
}

/** Bytes of XML for one record with short names; results and texts come on top. */
const recordBytes = 1_000;

/** Who sends the least is left out of a report that nobody could read. */
function withinLimit(records: readonly ReportRecord[]): Pick<AggregateReport, 'records' | 'errors'> {
  let bytes = 0;
  const most = records.findIndex((record) => {
    bytes += recordBytes + 2 * JSON.stringify(record).length;
    return bytes > limits.reportBytes;
  });
  if (most === -1) return { records, errors: [] };
  return { records: records.slice(0, most), errors: [`${records.length - most} records are left out`] };
}
