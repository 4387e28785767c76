import { hash } from 'node:crypto';
import { DnsError } from '../../../dns/dns-error.ts';
import type { Resolver } from '../../../dns/resolver.ts';
import { tlsReportRecord } from '../../../mailauth/tls-report/tls-report-record.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { limits } from '../../../runtime/limits.ts';
import type { Log } from '../../../runtime/log.ts';
import type { Counter, Metrics } from '../../../runtime/metrics.ts';
import { runHourly } from '../../run-hourly.ts';
import { formatTlsReport } from '../format-tls-report.ts';
import type { DueTlsReport, TlsResults } from '../results/tls-results.ts';
import type { TlsReport } from '../tls-report.ts';
import { composeTlsReportMail } from './compose-tls-report-mail.ts';

/** Mail that brings a report. */
export interface OutgoingTlsReport {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly content: Buffer;
  readonly report: TlsReport;
}

export interface TlsReportSenderOptions {
  readonly results: TlsResults;
  readonly resolver: Pick<Resolver, 'txt'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly hostname: string;
  /** The domain that reports come from, in A-labels; undefined while there is none whose mail is signed. */
  readonly senderDomain: () => string | undefined;
  /** Signs, and puts into the queue: durable when the promise resolves. */
  readonly submit: (report: OutgoingTlsReport) => Promise<void>;
  /** Hands a report over by HTTPS. @throws when it was not taken */
  readonly post: (url: string, json: string, signal: AbortSignal) => Promise<void>;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Sends reports to other domains on TLS with their servers, once a day is over.
 *
 * A report whose results could not be removed after it was queued is made again with the same id. What cannot be sent for now is tried
 * again each hour until it is too old.
 * Source: RFC 8460 §3 to §5
 */
export class TlsReportSender {
  readonly #options: TlsReportSenderOptions;
  readonly #counter: Counter;

  constructor(options: TlsReportSenderOptions) {
    this.#options = options;
    this.#counter = options.metrics.counter(
      'restante_tls_reports_due_total',
      'Reports to other domains on TLS with their servers, by what became of them.',
    );
  }

  /** Sends what is due at the start and then each hour. Ends when the signal does. */
  async run(): Promise<void> {
    await runHourly(() => this.sendDue(), { ...this.#options, what: 'TLS reports' });
  }

  /** Sends the reports of all days that are over, spread over time when there are many. @throws the signal's reason */
  async sendDue(): Promise<void> {
    const { results, clock, log, wait, signal, senderDomain } = this.#options;
    const { sessions } = await results.dropStale();
    if (sessions > 0) log.warn({ sessions }, 'TLS results dropped: they could not be reported in time');
    const due = await results.due(clock.now(), limits.dmarcReportsPerHour);
    if (due.length === 0) return;
    const domain = senderDomain();
    if (domain === undefined) {
      log.warn({ reports: due.length }, 'TLS reports not sent: there is no domain of ours that signs mail with DKIM');
      return;
    }
    const pauseMs = limits.dmarcReportSpreadMs / Math.max(due.length, 60);
    for (const [at, report] of due.entries()) {
      if (at > 0) await wait(pauseMs, signal);
      signal.throwIfAborted();
      await this.#sendOne(report, domain);
    }
  }

  async #sendOne(due: DueTlsReport, submitter: string): Promise<void> {
    const { log, signal } = this.#options;
    const about = { domain: due.reportDomain, sessions: due.sessions };
    try {
      const result = await this.#tryToSend(due, submitter);
      this.#counter.add(1, { result });
      log[result === 'sent' ? 'info' : 'debug']({ ...about, result }, 'TLS report due');
    } catch (error) {
      signal.throwIfAborted();
      this.#counter.add(1, { result: 'failed' });
      log[error instanceof DnsError ? 'info' : 'error'](
        { ...about, err: error },
        'TLS report not sent: tried again later',
      );
    }
  }

  async #tryToSend(due: DueTlsReport, submitter: string): Promise<'sent' | 'not-wanted' | 'nowhere'> {
    const { results, resolver, signal, log, submit, post, hostname, clock } = this.#options;
    const record = await tlsReportRecord(resolver, due.reportDomain, signal);
    const uris = record?.uris.slice(0, limits.dmarcReportAddresses) ?? [];
    if (uris.length === 0) {
      await results.remove(due);
      return 'not-wanted';
    }
    const addresses: string[] = [];
    for (const uri of uris.filter((each) => /^mailto:/i.test(each))) {
      const address = decodeURI(uri.slice('mailto:'.length)).split('?')[0]!;
      if (!(await results.suppressions.has(address))) addresses.push(address);
    }
    const uniqueId = hash('sha256', `${hostname}\n${due.reportDomain}\n${due.day}`).slice(0, 24);
    const from = `postmaster@${submitter}`;
    const report: TlsReport = {
      organization: submitter,
      contact: from,
      reportId: `${uniqueId}@${submitter}`,
      beginAt: due.day * dayMs,
      endAt: (due.day + 1) * dayMs - 1000,
      policies: await results.policies(due),
    };
    let taken = 0;
    let failure: unknown;
    for (const url of uris.filter((each) => /^https:/i.test(each))) {
      try {
        await post(url, formatTlsReport(report), signal);
        taken++;
      } catch (error) {
        signal.throwIfAborted();
        failure = error;
        log.info({ domain: due.reportDomain, url, err: error }, 'TLS report not taken by HTTPS');
      }
    }
    if (addresses.length > 0) {
      const mail = { report, domain: due.reportDomain, uniqueId, submitter, from, to: addresses };
      const messageId = `tls-report.${uniqueId}@${hostname}`;
      const content = await composeTlsReportMail({ ...mail, messageId, dateMs: clock.now() });
      await submit({ sender: from, recipients: addresses, content, report });
      taken++;
    }
    // While nobody has it there is hope; who has it would get it again.
    if (taken === 0 && failure !== undefined) throw failure;
    await results.remove(due);
    return taken > 0 ? 'sent' : 'nowhere';
  }
}
