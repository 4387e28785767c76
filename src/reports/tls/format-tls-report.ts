import type { TlsReport } from './tls-report.ts';

/** The JSON of a report. Source: RFC 8460 §4.4 */
export function formatTlsReport(report: TlsReport): string {
  return JSON.stringify({
    'organization-name': report.organization,
    'date-range': { 'start-datetime': timestamp(report.beginAt), 'end-datetime': timestamp(report.endAt) },
    'contact-info': report.contact,
    'report-id': report.reportId,
    policies: report.policies.map(({ type, strings, domain, mxHosts, successes, failures, details }) => ({
      policy: {
        'policy-type': type,
        ...(strings.length === 0 ? {} : { 'policy-string': strings }),
        'policy-domain': domain,
        ...(mxHosts.length === 0 ? {} : { 'mx-host': mxHosts }),
      },
      summary: { 'total-successful-session-count': successes, 'total-failure-session-count': failures },
      ...(details.length === 0
        ? {}
        : {
            'failure-details': details.map((detail) => ({
              'result-type': detail.type,
              ...given('sending-mta-ip', detail.sendingIp),
              ...given('receiving-mx-hostname', detail.receivingHost),
              ...given('receiving-ip', detail.receivingIp),
              'failed-session-count': detail.sessions,
              ...given('failure-reason-code', detail.reason),
            })),
          }),
    })),
  });
}

function given(name: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: value };
}

/** RFC 3339, whole seconds. */
function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
