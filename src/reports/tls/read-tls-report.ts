import type { MessageStructure } from '../../message/structure.ts';
import { decompressReport } from '../decompress-report.ts';
import { findReportParts, type ReportPartKind } from '../find-report-parts.ts';
import { ReportFormatError } from '../report-format-error.ts';
import { parseTlsReport } from './parse-tls-report.ts';
import type { TlsReport } from './tls-report.ts';

/** Source: RFC 8460 §5.3; bare gzip and JSON are what some send. */
const reportKind: ReportPartKind = {
  types: [
    'application/tlsrpt+gzip',
    'application/tlsrpt+json',
    'application/json',
    'application/gzip',
    'application/x-gzip',
  ],
  extensions: ['.json.gz', '.json'],
};

/**
 * The report that a message brings: the first part that is one.
 * @param message all its bytes, to which the offsets of `structure` refer
 * @throws ReportFormatError of the first part, when none is
 */
export async function readTlsReportMessage(message: Uint8Array, structure: MessageStructure): Promise<TlsReport> {
  let problem: ReportFormatError | undefined;
  for (const part of findReportParts(message, structure, reportKind)) {
    try {
      return parseTlsReport(await decompressReport(part));
    } catch (error) {
      if (!(error instanceof ReportFormatError)) throw error;
      problem ??= error;
    }
  }
  throw problem ?? new ReportFormatError('the message has no part that could be one');
}
