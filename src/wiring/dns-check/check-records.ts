import { DnsError } from '../../dns/dns-error.ts';
import { parseDkimKey } from '../../mailauth/dkim/dkim-key.ts';
import { isDmarcRecord, parseDmarcRecord } from '../../mailauth/dmarc/dmarc-record.ts';
import { tlsReportRecord } from '../../mailauth/tls-report/tls-report-record.ts';
import type { DnsVerdict } from './dns-verdict.ts';
import type { DomainToCheck } from './domain-to-check.ts';

/** @returns undefined where there are none */
async function textsAt({ resolver }: DomainToCheck, name: string, signal: AbortSignal): Promise<readonly string[]> {
  try {
    return (await resolver.txt(name, signal)).records;
  } catch (error) {
    if (error instanceof DnsError && error.kind !== 'temporary') return [];
    throw error;
  }
}

/** Whether mail for the domain comes to this host. */
export async function checkMx(asked: DomainToCheck, signal: AbortSignal): Promise<DnsVerdict[]> {
  const { domain, hostname, resolver } = asked;
  const hint = `Add the record: ${domain}. MX 10 ${hostname}.`;
  try {
    const { records, authentic } = await resolver.mx(domain, signal);
    const hosts = records.map(({ preference, exchange }) => `${preference} ${exchange}`).join(', ');
    if (records.some(({ exchange }) => exchange === hostname)) {
      return [{ about: 'MX', verdict: 'ok', text: `${hosts}${authentic ? ', validated by DNSSEC' : ''}` }];
    }
    return [{ about: 'MX', verdict: 'error', text: `mail goes to ${hosts}, and not to ${hostname}`, hint }];
  } catch (error) {
    if (!(error instanceof DnsError) || error.kind === 'temporary') throw error;
    return [{ about: 'MX', verdict: 'error', text: 'there is none', hint }];
  }
}

/** Whether the keys that mail is signed with are the published ones. */
export async function checkDkim(asked: DomainToCheck, signal: AbortSignal): Promise<DnsVerdict[]> {
  const { domain, dkim } = asked;
  if (!dkim.some(({ signs }) => signs)) {
    const hint = 'Make a key and name it under "dkim" of the domain in domains.yaml.';
    return [{ about: 'DKIM', verdict: 'error', text: 'mail of the domain is not signed', hint }];
  }
  return await Promise.all(
    dkim.map(async ({ selector, txt, signs }): Promise<DnsVerdict> => {
      const about = `DKIM ${selector}`;
      const name = `${selector}._domainkey.${domain}`;
      const hint = `Publish the key: "restante config dnsrecords ${domain}" prints the record.`;
      const problem = { about, verdict: signs ? 'error' : 'note', hint } as const;
      const texts = await textsAt(asked, name, signal);
      if (texts.length === 0) return { ...problem, text: `there is no record at ${name}` };
      if (texts.length > 1)
        return { ...problem, text: `there are ${texts.length} records at ${name}, and may be one only` };
      return isSameKey(texts[0]!, txt)
        ? { about, verdict: 'ok', text: signs ? 'is published' : 'is published, and does not sign' }
        : { ...problem, text: `the key at ${name} is not the one of the configuration` };
    }),
  );
}

function isSameKey(published: string, own: string): boolean {
  try {
    const [one, other] = [parseDkimKey(published), parseDkimKey(own)];
    return one.key !== undefined && one.isForMail && other.key !== undefined && one.key.equals(other.key);
  } catch {
    return false;
  }
}

/** What others are to do with mail that is not the domain's, and to tell of it. */
export async function checkDmarc(asked: DomainToCheck, signal: AbortSignal): Promise<DnsVerdict[]> {
  const { domain } = asked;
  const about = 'DMARC';
  const hint = `"restante config dnsrecords ${domain}" prints a record to begin with.`;
  const records = (await textsAt(asked, `_dmarc.${domain}`, signal)).filter(isDmarcRecord);
  if (records.length === 0) return [{ about, verdict: 'error', text: 'there is no record', hint }];
  if (records.length > 1)
    return [{ about, verdict: 'error', text: `there are ${records.length} records, and may be one only`, hint }];
  const record = parseDmarcRecord(records[0]!);
  if (record === undefined) return [{ about, verdict: 'error', text: `the record says nothing: ${records[0]}`, hint }];
  const verdicts: DnsVerdict[] = [
    record.policy === 'none'
      ? {
          about,
          verdict: 'warning',
          text: 'the policy is "none": mail in the name of the domain that is not yours is let in',
          hint: 'Once the reports name no mail of yours that fails, change it to "quarantine" or "reject".',
        }
      : { about, verdict: 'ok', text: `the policy is "${record.policy}"` },
  ];
  const lost = lostReports(asked, record.aggregateReports);
  if (lost !== undefined) {
    const reportHint = 'Set "dmarcReports" of the domain in domains.yaml.';
    verdicts.push({ about, verdict: 'error', text: lost, hint: reportHint });
  }
  if (record.aggregateReports.length === 0) {
    verdicts.push({
      about,
      verdict: 'warning',
      text: 'nobody is told of failures',
      hint: 'Add rua=mailto:… to the record.',
    });
  }
  return verdicts;
}

/** Whether others report when TLS fails. */
export async function checkTlsReports(asked: DomainToCheck, signal: AbortSignal): Promise<DnsVerdict[]> {
  const { domain } = asked;
  const about = 'TLS reports';
  const hint = `"restante config dnsrecords ${domain}" prints the record.`;
  const record = await tlsReportRecord(asked.resolver, domain, signal);
  if (record === undefined) {
    return [{ about, verdict: 'warning', text: 'nobody is told when TLS fails: there is not one record', hint }];
  }
  const lost = lostReports(asked, record.uris);
  if (lost !== undefined) {
    return [{ about, verdict: 'error', text: lost, hint: 'Set "tlsReports" of the domain in domains.yaml.' }];
  }
  if (record.uris.length > 0) return [{ about, verdict: 'ok', text: 'are asked for' }];
  return [{ about, verdict: 'warning', text: `the record names no address: ${record.text}`, hint }];
}

/** Reports that are asked for and would be refused here. */
function lostReports({ isUnknownHere }: DomainToCheck, uris: readonly string[]): string | undefined {
  const address = uris
    .filter((uri) => /^mailto:/i.test(uri))
    .map((uri) => uri.slice('mailto:'.length).replace(/[!?].*$/, ''))
    .find(isUnknownHere);
  return address === undefined ? undefined : `reports go to ${address}, which does not exist here`;
}
