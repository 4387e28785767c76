import { limits } from '../../runtime/limits.ts';
import { ReportFormatError } from '../report-format-error.ts';
import type { TlsFailureDetail, TlsPolicyReport, TlsReport } from './tls-report.ts';

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads a report. What is not needed may be missing or wrong, as senders differ; texts are cut to `limits.dmarcReportText`.
 * @throws ReportFormatError
 * Source: RFC 8460 §4.4
 */
export function parseTlsReport(json: Buffer): TlsReport {
  let given: unknown;
  try {
    given = JSON.parse(json.toString('utf8').replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new ReportFormatError('it is no JSON', { cause });
  }
  const report = members(given);
  const range = members(report?.['date-range']);
  const policies = list(report?.policies);
  if (report === undefined || range === undefined || policies === undefined) {
    throw new ReportFormatError('it has no date-range or no policies');
  }
  if (policies.length > limits.tlsReportPolicies) throw new ReportFormatError(`it has ${policies.length} policies`);
  const reportId = text(report['report-id']);
  if (reportId === undefined) throw new ReportFormatError('it has no report-id');
  return {
    organization: text(report['organization-name']) ?? '',
    contact: text(report['contact-info']) ?? '',
    reportId,
    beginAt: time(range['start-datetime'], 'start'),
    endAt: time(range['end-datetime'], 'end'),
    policies: policies.map(parsePolicy),
  };
}

function parsePolicy(given: unknown): TlsPolicyReport {
  const entry = members(given);
  const policy = members(entry?.policy);
  const summary = members(entry?.summary);
  const domain = text(policy?.['policy-domain']);
  if (domain === undefined) throw new ReportFormatError('a policy has no policy-domain');
  const details = list(entry?.['failure-details']) ?? [];
  return {
    type: text(policy?.['policy-type']) ?? 'no-policy-found',
    domain: domain.toLowerCase().replace(/\.$/, ''),
    strings: texts(policy?.['policy-string']),
    mxHosts: texts(policy?.['mx-host']),
    successes: count(summary?.['total-successful-session-count']),
    // Some write "total-failed-session-count".
    failures: count(summary?.['total-failure-session-count'] ?? summary?.['total-failed-session-count']),
    details: details.slice(0, limits.tlsReportDetails).map(parseDetail),
  };
}

function parseDetail(given: unknown): TlsFailureDetail {
  const detail = members(given) ?? {};
  const optional = {
    sendingIp: text(detail['sending-mta-ip']),
    receivingHost: text(detail['receiving-mx-hostname']),
    receivingIp: text(detail['receiving-ip']),
    reason: text(detail['failure-reason-code']) ?? text(detail['failure-error-code']),
  };
  const known = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  return {
    type: text(detail['result-type']) ?? 'validation-failure',
    sessions: count(detail['failed-session-count']),
    ...known,
  };
}

function members(value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined;
}

function list(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** One line. */
function text(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value
    .slice(0, limits.dmarcReportText)
    .replaceAll(/[\u0000-\u001f\u007f]+/g, ' ')
    .toWellFormed();
}

/** One text or several: samples of the RFC itself have both. */
function texts(value: unknown): string[] {
  const values = list(value) ?? [value];
  return values.slice(0, limits.tlsReportStrings).flatMap((each) => text(each) ?? []);
}

function count(value: unknown): number {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : 0;
}

function time(value: unknown, which: string): number {
  const ms = typeof value === 'string' ? Date.parse(value.slice(0, 40)) : Number.NaN;
  if (Number.isNaN(ms)) throw new ReportFormatError(`its ${which} is no time`);
  return ms;
}
