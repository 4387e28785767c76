import { type TlsReportRecord, tlsReportRecord } from '../../mailauth/tls-report/tls-report-record.ts';
import { StructureParser } from '../../message/structure-parser.ts';
import { decompressReport } from '../../reports/decompress-report.ts';
import { parseTlsReport } from '../../reports/tls/parse-tls-report.ts';
import { readTlsReportMessage } from '../../reports/tls/read-tls-report.ts';
import type { TlsReport } from '../../reports/tls/tls-report.ts';
import { openDiagnosisResolver } from './open-diagnosis-resolver.ts';

/** The TLSRPT record of a domain. @throws DnsError */
export async function lookUpTlsReporting(question: {
  staticConfigPath: string;
  domain: string;
  signal: AbortSignal;
}): Promise<TlsReportRecord | undefined> {
  const { resolver } = await openDiagnosisResolver(question.staticConfigPath);
  return await tlsReportRecord(resolver, question.domain, question.signal);
}

/** @param bytes JSON, gzip, or a message that brings one of them @throws ReportFormatError */
export async function readTlsReport(bytes: Buffer): Promise<TlsReport> {
  // A message begins with a field name and a colon, or with the separator line of mbox; so does JSON, but for its bracket.
  if (/^(?:From |[!-9;-z]+[ \t]*:)/.test(bytes.toString('latin1', 0, 200))) {
    const parser = new StructureParser();
    parser.push(bytes);
    return await readTlsReportMessage(bytes, parser.finish());
  }
  return parseTlsReport(await decompressReport(bytes));
}
