import { DnsError } from '../../dns/dns-error.ts';
import { isDmarcRecord } from '../../mailauth/dmarc/dmarc-record.ts';
import { DmarcTree } from '../../mailauth/dmarc/tree-walk.ts';
import { normaliseDomain } from '../../message/domain.ts';
import { findReportDestinations, type ReportDestination } from '../../reports/dmarc/sending/report-destinations.ts';
import { openDiagnosisResolver } from './open-diagnosis-resolver.ts';

export interface DmarcQuestion {
  readonly staticConfigPath: string;
  readonly domain: string;
  readonly signal: AbortSignal;
}

/** The record that is for a domain: its own, or one further up. @throws DnsError `temporary`, InvalidDomainError */
export async function lookUpDmarc(
  question: DmarcQuestion,
): Promise<{ domain: string; text: string; policy: string | undefined } | undefined> {
  const { resolver } = await openDiagnosisResolver(question.staticConfigPath);
  const domain = normaliseDomain(question.domain);
  const found = await new DmarcTree(resolver, question.signal).policyFor(domain);
  const where = found?.domain ?? domain;
  try {
    const { records } = await resolver.txt(`_dmarc.${where}`, question.signal);
    const texts = records.filter(isDmarcRecord);
    if (texts.length === 0) return undefined;
    return { domain: where, text: texts.join('\n'), policy: found?.record.policy };
  } catch (error) {
    if (error instanceof DnsError && error.kind !== 'temporary') return undefined;
    throw error;
  }
}

/** @returns undefined when the domain has no record @throws DnsError `temporary`, InvalidDomainError */
export async function checkReportAddresses(question: DmarcQuestion): Promise<ReportDestination[] | undefined> {
  const { signal } = question;
  const { resolver } = await openDiagnosisResolver(question.staticConfigPath);
  const found = await new DmarcTree(resolver, signal).policyFor(normaliseDomain(question.domain));
  if (found === undefined) return undefined;
  const { domain: policyDomain, record } = found;
  return await findReportDestinations({ resolver, policyDomain, uris: record.aggregateReports, signal });
}
