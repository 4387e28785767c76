import type { MessageStructure } from '../../message/structure.ts';
import { decompressReport } from '../decompress-report.ts';
import { findReportParts, type ReportPartKind } from '../find-report-parts.ts';
import { ReportFormatError } from '../report-format-error.ts';
import type { AggregateReport } from './aggregate-report.ts';
import { parseAggregateReport } from './parse-aggregate-report.ts';

/** RFC 7489 §7.2.1.1 says gzip; zip and bare XML are what others send. */
const reportKind: ReportPartKind = {
  types: [
    'application/gzip',
    'application/x-gzip',
    'application/zip',
    'application/x-zip-compressed',
    'application/x-zip',
    'text/xml',
    'application/xml',
  ],
  extensions: ['.gz', '.zip', '.xml'],
};

/**
 * The aggregate report that a message brings: the first part that is one.
 * @param message all its bytes, to which the offsets of `structure` refer
 * @throws ReportFormatError of the first part, when none is
 */
export async function readReportMessage(message: Uint8Array, structure: MessageStructure): Promise<AggregateReport> {
  let problem: ReportFormatError | undefined;
  for (const part of findReportParts(message, structure, reportKind)) {
    try {
      return await parseAggregateReport(await decompressReport(part));
    } catch (error) {
      if (!(error instanceof ReportFormatError)) throw error;
      problem ??= error;
    }
  }
  throw problem ?? new ReportFormatError('the message has no part that could be one');
}
