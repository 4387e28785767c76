import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { formatDate } from '../../../message/format-date.ts';
import { formatField } from '../../../message/format-field.ts';
import type { AggregateReport } from '../aggregate-report.ts';
import { formatAggregateReport } from '../format-aggregate-report.ts';

const gzipBytes = promisify(gzip);

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
  const boundary = `=_dmarc_${uniqueId}`;
  const attachment = (await gzipBytes(formatAggregateReport(report))).toString('base64');
  const header =
    formatField('Date', formatDate(message.dateMs)) +
    formatField('From', `<${message.from}>`) +
    formatField('To', message.to.map((address) => `<${address}>`).join(', ')) +
    formatField('Subject', `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${report.reportId}>`) +
    formatField('Message-ID', `<${message.messageId}>`) +
    // RFC 3834 §5: whoever answers by itself should not answer this.
    formatField('Auto-Submitted', 'auto-generated') +
    formatField('MIME-Version', '1.0') +
    formatField('Content-Type', `multipart/mixed; boundary="${boundary}"`);
  const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const text = [
    `This is an aggregate report of DMARC from ${submitter} on mail with the author domain ${domain},`,
    `from ${time(report.beginAt)} to ${time(report.endAt)}.`,
    '',
    `You get it because the DMARC record of ${domain} asks for it, in its tag "rua".`,
  ];
  return Buffer.from(
    `${header}
--${boundary}
Content-Type: text/plain; charset=us-ascii

${text.join('\n')}

--${boundary}
Content-Type: application/gzip; name="${name}"
Content-Disposition: attachment; filename="${name}"
Content-Transfer-Encoding: base64

${(attachment.match(/.{1,76}/g) ?? []).join('\n')}
--${boundary}--
`.replace(/\r?\n/g, '\r\n'),
    'latin1',
  );
}
