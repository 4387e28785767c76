import { isIP } from 'node:net';
import { normaliseDomain } from '../../message/domain.ts';
import { limits } from '../../runtime/limits.ts';
import { takeTurns } from '../../runtime/take-turns.ts';
import { ReportFormatError } from '../report-format-error.ts';
import type {
  AggregateReport,
  DkimAuthResult,
  PublishedPolicy,
  ReportRecord,
  SpfAuthResult,
} from './aggregate-report.ts';
import { decodeXml, readXmlChildren, type XmlElement } from './xml-elements.ts';

/**
 * Reads an aggregate report. Takes what large providers send: with and without namespace or version, elements nobody knows, several
 * results of SPF, words in any case. What identifies the report, and what counts messages, must be there and right.
 * @param bytes XML, decompressed
 * @throws ReportFormatError
 * Source: RFC 7489 appendix C; RFC 9990 §3
 */
export async function parseAggregateReport(bytes: Buffer): Promise<AggregateReport> {
  let metadata: XmlElement | undefined;
  let policy: PublishedPolicy | undefined;
  const records: ReportRecord[] = [];
  const turn = takeTurns();
  const elements = readXmlChildren(decodeXml(bytes));
  for (let step = elements.next(); ; step = elements.next()) {
    if (step.done === true) {
      if (step.value !== 'feedback') throw new ReportFormatError('it is XML, but no report of DMARC');
      break;
    }
    const element = step.value;
    if (element.name === 'report_metadata') metadata ??= element;
    else if (element.name === 'policy_published') policy ??= readPolicy(element);
    else if (element.name === 'record') {
      if (records.length >= limits.dmarcReportRecords) {
        throw new ReportFormatError(`it has more than ${limits.dmarcReportRecords} records`);
      }
      records.push(readRecord(element));
      await turn();
    }
  }
  if (metadata === undefined) throw new ReportFormatError('it does not say who made it');
  if (policy === undefined) throw new ReportFormatError('it does not say which policy it is about');
  const range = child(metadata, 'date_range');
  const beginAt = readTime(range, 'begin');
  const endAt = readTime(range, 'end');
  if (endAt < beginAt) throw new ReportFormatError('its time ends before it begins');
  const contact = textOf(metadata, 'extra_contact_info');
  return {
    orgName: required(metadata, 'org_name'),
    email: textOf(metadata, 'email') ?? '',
    ...(contact === undefined ? {} : { contact }),
    reportId: required(metadata, 'report_id'),
    beginAt,
    endAt,
    errors: some(metadata, 'error').map(({ text }) => shortened(text)),
    policy,
    records,
  };
}

function readPolicy(element: XmlElement): PublishedPolicy {
  const given = {
    policy: wordOf(element, 'p'),
    subdomainPolicy: wordOf(element, 'sp'),
    nonexistentPolicy: wordOf(element, 'np'),
    dkimAlignment: wordOf(element, 'adkim'),
    spfAlignment: wordOf(element, 'aspf'),
    percent: wordOf(element, 'pct'),
    testing: wordOf(element, 'testing'),
  };
  return { domain: domainOf(required(element, 'domain')), ...defined(given) };
}

function readRecord(element: XmlElement): ReportRecord {
  const row = child(element, 'row');
  const evaluated = child(row, 'policy_evaluated');
  // Some early implementations wrote "identities".
  const identifiers = child(element, 'identifiers') ?? child(element, 'identities');
  const results = child(element, 'auth_results');
  const sourceIp = textOf(row, 'source_ip') ?? '';
  if (isIP(sourceIp) === 0) throw new ReportFormatError('a record has no IP address');
  const count = Number(textOf(row, 'count'));
  if (!Number.isSafeInteger(count) || count < 0) throw new ReportFormatError('a record has no number of messages');
  const addresses = {
    envelopeFrom: textOf(identifiers, 'envelope_from'),
    envelopeTo: textOf(identifiers, 'envelope_to'),
  };
  return {
    sourceIp,
    count,
    disposition: wordOf(evaluated, 'disposition') ?? 'none',
    dkim: wordOf(evaluated, 'dkim') ?? 'fail',
    spf: wordOf(evaluated, 'spf') ?? 'fail',
    reasons: some(evaluated, 'reason').map((reason) => {
      const comment = textOf(reason, 'comment');
      return { type: wordOf(reason, 'type') ?? 'other', ...(comment === undefined ? {} : { comment }) };
    }),
    headerFrom: domainOf(textOf(identifiers, 'header_from') ?? ''),
    ...defined(addresses),
    dkimResults: some(results, 'dkim').map(readDkimResult),
    spfResults: some(results, 'spf').map(readSpfResult),
  };
}

function readDkimResult(element: XmlElement): DkimAuthResult {
  const given = { selector: textOf(element, 'selector'), humanResult: textOf(element, 'human_result') };
  return { ...readResult(element), ...defined(given) };
}

function readSpfResult(element: XmlElement): SpfAuthResult {
  const given = { scope: wordOf(element, 'scope'), humanResult: textOf(element, 'human_result') };
  return { ...readResult(element), ...defined(given) };
}

function readResult(element: XmlElement): { domain: string; result: string } {
  return { domain: domainOf(textOf(element, 'domain') ?? ''), result: wordOf(element, 'result') ?? 'none' };
}

function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((each) => each.name === name);
}

function children(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((each) => each.name === name) ?? [];
}

/** The first of them, as many as are kept. */
function some(element: XmlElement | undefined, name: string): XmlElement[] {
  return children(element, name).slice(0, limits.dmarcReportResults);
}

function textOf(element: XmlElement | undefined, name: string): string | undefined {
  const text = child(element, name)?.text;
  return text === undefined || text === '' ? undefined : shortened(text);
}

function wordOf(element: XmlElement | undefined, name: string): string | undefined {
  return textOf(element, name)?.toLowerCase();
}

function required(element: XmlElement, name: string): string {
  const text = textOf(element, name);
  if (text === undefined) throw new ReportFormatError(`it has no "${name}"`);
  return text;
}

function readTime(range: XmlElement | undefined, name: string): number {
  const seconds = Number(textOf(range, name));
  // What is far from now is no time of mail: year 2000 to 2100.
  if (!(seconds > 946_684_800 && seconds < 4_102_444_800)) throw new ReportFormatError(`it has no right "${name}"`);
  return Math.floor(seconds) * 1000;
}

function shortened(text: string): string {
  return text.slice(0, limits.dmarcReportText).toWellFormed();
}

/** In the one form in which domains are compared, where it can have it. */
function domainOf(text: string): string {
  try {
    return normaliseDomain(text);
  } catch {
    return text.toLowerCase();
  }
}

function defined<Key extends string>(values: Readonly<Record<Key, string | undefined>>): Partial<Record<Key, string>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<
    Record<Key, string>
  >;
}
