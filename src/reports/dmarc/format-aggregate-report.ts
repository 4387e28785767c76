import type { AggregateReport, PublishedPolicy, ReportRecord } from './aggregate-report.ts';

/**
 * Writes an aggregate report as XML. Programs that know only the format of RFC 7489 read it too: what is new are elements they pass over.
 * Source: RFC 9990 §3.1, appendix A
 */
export function formatAggregateReport(report: AggregateReport): string {
  const { orgName, email, contact, reportId, beginAt, endAt, errors, policy, records } = report;
  return `<?xml version="1.0" encoding="UTF-8"?>
<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">
${lines(1, [
  tag('version', '1.0'),
  ...group('report_metadata', [
    tag('org_name', orgName),
    tag('email', email),
    optional('extra_contact_info', contact),
    tag('report_id', reportId),
    ...group('date_range', [tag('begin', seconds(beginAt)), tag('end', seconds(endAt))]),
    ...errors.map((error) => tag('error', error)),
  ]),
  ...formatPolicy(policy),
  ...records.flatMap(formatRecord),
])}
</feedback>
`;
}

function formatPolicy(policy: PublishedPolicy): string[] {
  return group('policy_published', [
    tag('domain', policy.domain),
    tag('discovery_method', 'treewalk'),
    optional('p', policy.policy),
    optional('sp', policy.subdomainPolicy),
    optional('np', policy.nonexistentPolicy),
    optional('adkim', policy.dkimAlignment),
    optional('aspf', policy.spfAlignment),
    optional('testing', policy.testing),
  ]);
}

function formatRecord(record: ReportRecord): string[] {
  const { reasons, dkimResults, spfResults } = record;
  return group('record', [
    ...group('row', [
      tag('source_ip', record.sourceIp),
      tag('count', String(record.count)),
      ...group('policy_evaluated', [
        tag('disposition', record.disposition),
        tag('dkim', record.dkim),
        tag('spf', record.spf),
        ...reasons.flatMap(({ type, comment }) => group('reason', [tag('type', type), optional('comment', comment)])),
      ]),
    ]),
    ...group('identifiers', [
      tag('header_from', record.headerFrom),
      optional('envelope_from', record.envelopeFrom),
      optional('envelope_to', record.envelopeTo),
    ]),
    ...group('auth_results', [
      ...dkimResults.flatMap(({ domain, selector, result, humanResult }) =>
        group('dkim', [
          tag('domain', domain),
          optional('selector', selector),
          tag('result', result),
          optional('human_result', humanResult),
        ]),
      ),
      ...spfResults.flatMap(({ domain, scope, result, humanResult }) =>
        group('spf', [
          tag('domain', domain),
          optional('scope', scope),
          tag('result', result),
          optional('human_result', humanResult),
        ]),
      ),
    ]),
  ]);
}

function seconds(milliseconds: number): string {
  return String(Math.floor(milliseconds / 1000));
}

function group(name: string, inner: readonly string[]): string[] {
  return [`<${name}>`, ...inner.filter((line) => line !== '').map((line) => `  ${line}`), `</${name}>`];
}

function tag(name: string, text: string): string {
  return `<${name}>${escaped(text)}</${name}>`;
}

function optional(name: string, text: string | undefined): string {
  return text === undefined ? '' : tag(name, text);
}

function lines(depth: number, all: readonly string[]): string {
  return all.map((line) => '  '.repeat(depth) + line).join('\n');
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** XML 1.0 §2.2 has no control characters, not even as references. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>]/g, (character) => escapes[character]!);
}
