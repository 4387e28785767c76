import type { AggregateReport } from '../reports/dmarc/aggregate-report.ts';
import { readReportMessage } from '../reports/dmarc/read-report-message.ts';
import type { ReceivedReports } from '../reports/dmarc/received/received-reports.ts';
import { ReportFormatError } from '../reports/report-format-error.ts';
import type { Clock } from '../runtime/clock.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { IncomingMessage } from './incoming-message.ts';

/**
 * Makes the function that takes the report out of a message to an address for reports. Nobody is believed whose message does not pass
 * DMARC, and no report on a domain that isn't ours. Whatever is not taken is still delivered as any message.
 * @param options.isOurs whether a domain, in A-labels, is one that we have
 * @returns whether a report was taken, now or before
 * Source: RFC 9990 §5.6
 */
export function createTakeDmarcReport(options: {
  reports: Pick<ReceivedReports, 'store'>;
  isOurs: (domain: string) => boolean;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}): (message: IncomingMessage) => Promise<boolean> {
  const { reports, isOurs, clock, log, metrics } = options;
  const counter = metrics.counter(
    'restante_dmarc_reports_received_total',
    'Messages to addresses for DMARC reports, by what became of the report.',
  );
  // One after the other: each may need some times `limits.reportBytes` of memory.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
  return async (message) => {
    const dmarc = message.sender?.dmarc;
    const about = { ip: message.sender?.ip, from: dmarc?.domain };
    if (dmarc?.result !== 'pass' || dmarc.domain === undefined) {
      counter.add(1, { result: 'unauthenticated' });
      log.info({ ...about, dmarc: dmarc?.result }, 'DMARC report not read: its message does not pass DMARC');
      return false;
    }
    const sender = dmarc.domain;
    return await inTurn(async () => {
      let report: AggregateReport;
      try {
        report = await readReport(message);
      } catch (error) {
        if (!(error instanceof ReportFormatError)) throw error;
        counter.add(1, { result: 'broken' });
        log.warn({ ...about, err: error }, 'DMARC report not read: its message is delivered as any other');
        return false;
      }
      const { orgName, reportId, policy } = report;
      const named = { ...about, org: orgName, reportId, domain: policy.domain };
      if (!isOurs(policy.domain)) {
        counter.add(1, { result: 'foreign' });
        log.info(named, 'DMARC report not counted: it is on a domain that is not ours');
        return false;
      }
      const result = await reports.store({ sender, report, now: clock.now() });
      counter.add(1, { result });
      if (result === 'too-many') log.warn(named, 'DMARC report not counted: its sender has sent too many today');
      else log.info({ ...named, records: report.records.length, result }, 'DMARC report received');
      return result !== 'too-many';
    });
  };
}

async function readReport({ file }: IncomingMessage): Promise<AggregateReport> {
  const { sizeBytes, structure } = file;
  if (sizeBytes > limits.reportMessageBytes) throw new ReportFormatError(`the message has ${sizeBytes} bytes`);
  return await readReportMessage(Buffer.concat(await Array.fromAsync(file.content())), structure);
}
