import { StructureParser } from '../../message/structure-parser.ts';
import { decompressReport } from '../../reports/decompress-report.ts';
import type { AggregateReport } from '../../reports/dmarc/aggregate-report.ts';
import { parseAggregateReport } from '../../reports/dmarc/parse-aggregate-report.ts';
import { readReportMessage } from '../../reports/dmarc/read-report-message.ts';

/** @param bytes XML, gzip, zip, or a message that brings one of them @throws ReportFormatError */
export async function readDmarcReport(bytes: Buffer): Promise<AggregateReport> {
  // A message begins with a field name and a colon, or with the separator line of mbox.
  if (/^(?:From |[!-9;-~]+[ \t]*:)/.test(bytes.toString('latin1', 0, 200))) {
    const parser = new StructureParser();
    parser.push(bytes);
    return await readReportMessage(bytes, parser.finish());
  }
  return await parseAggregateReport(await decompressReport(bytes));
}
