import { formatDate } from '../../../message/format-date.ts';
import { composeReportMail } from '../../compose-report-mail.ts';
import type { AggregateReport } from '../aggregate-report.ts';
import { formatAggregateReport } from '../format-aggregate-report.ts';

export interface ReportMessage {
  readonly report: AggregateReport;
  /** The part of the report id that is for file names: letters and digits. */
  readonly uniqueId: string;
  /** Domain that the report comes from. */
  readonly submitter: string;
  /** Address. */
  readonly from: string;
  readonly to: readonly string[];
  /** Without brackets. */
  readonly messageId: string;
  readonly dateMs: number;
}

/**
 * The message that brings a report: ASCII, a text for people and the report as gzip.
 * Source: RFC 7489 §7.2.1.1; RFC 9990 §3.5
 */
export async function composeReportMessage(message: ReportMessage): Promise<Buffer> {
  const { report, submitter, uniqueId } = message;
  const { domain } = report.policy;
  const seconds = (ms: number): number => Math.floor(ms / 1000);
  const name = `${submitter}!${domain}!${seconds(report.beginAt)}!${seconds(report.endAt)}!${uniqueId}.xml.gz`;
  const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return await composeReportMail({
    fields: [
      ['Date', formatDate(message.dateMs)],
      ['From', `<${message.from}>`],
      ['To', message.to.map((address) => `<${address}>`).join(', ')],
      ['Subject', `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${report.reportId}>`],
      ['Message-ID', `<${message.messageId}>`],
    ],
    type: 'multipart/mixed',
    boundary: `=_dmarc_${uniqueId}`,
    text: [
      `This is an aggregate report of DMARC from ${submitter} on mail with the author domain ${domain},`,
      `from ${time(report.beginAt)} to ${time(report.endAt)}.`,
      '',
      `You get it because the DMARC record of ${domain} asks for it, in its tag "rua".`,
    ],
    report: formatAggregateReport(report),
    reportType: 'application/gzip',
    fileName: name,
  });
}
