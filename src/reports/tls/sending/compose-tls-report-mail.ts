import { formatDate } from '../../../message/format-date.ts';
import { composeReportMail } from '../../compose-report-mail.ts';
import { formatTlsReport } from '../format-tls-report.ts';
import type { TlsReport } from '../tls-report.ts';

/** The message that brings a report. Source: RFC 8460 §5.3 */
export async function composeTlsReportMail(mail: {
  readonly report: TlsReport;
  /** That the report is for. */
  readonly domain: string;
  /** The part of the report id that is for file names: letters and digits. */
  readonly uniqueId: string;
  /** Domain that the report comes from. */
  readonly submitter: string;
  readonly from: string;
  readonly to: readonly string[];
  /** Without brackets. */
  readonly messageId: string;
  readonly dateMs: number;
}): Promise<Buffer> {
  const { report, domain, submitter, uniqueId } = mail;
  const seconds = (ms: number): number => Math.floor(ms / 1000);
  return await composeReportMail({
    fields: [
      ['Date', formatDate(mail.dateMs)],
      ['From', `<${mail.from}>`],
      ['To', mail.to.map((address) => `<${address}>`).join(', ')],
      ['Subject', `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${report.reportId}>`],
      ['Message-ID', `<${mail.messageId}>`],
      ['TLS-Report-Domain', domain],
      ['TLS-Report-Submitter', submitter],
      // RFC 8460 §3: what is wrong with TLS must not keep the report from its domain.
      ['TLS-Required', 'No'],
    ],
    type: 'multipart/report; report-type="tlsrpt"',
    boundary: `=_tlsrpt_${uniqueId}`,
    text: [
      `This is a report of ${submitter} on TLS with the mail servers of ${domain},`,
      `of ${new Date(report.beginAt).toISOString().slice(0, 10)} (UTC).`,
      '',
      `You get it because the TLSRPT record of ${domain} asks for it, in its tag "rua".`,
    ],
    report: formatTlsReport(report),
    reportType: 'application/tlsrpt+gzip',
    fileName: `${submitter}!${domain}!${seconds(report.beginAt)}!${seconds(report.endAt)}!${uniqueId}.json.gz`,
  });
}
