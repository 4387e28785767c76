import { DnsError } from '../../../dns/dns-error.ts';
import type { Resolver } from '../../../dns/resolver.ts';
import { isDmarcRecord, parseDmarcRecord } from '../../../mailauth/dmarc/dmarc-record.ts';
import { DmarcTree } from '../../../mailauth/dmarc/tree-walk.ts';
import { limits } from '../../../runtime/limits.ts';
import { parseReportUri, type ReportUri } from './report-uri.ts';

/** One URI of a domain's `rua`, and what came of it. */
export interface ReportDestination {
  /** As the domain wrote it. */
  readonly uri: string;
  /** Where reports go; several when the other domain says so. */
  readonly addresses: readonly { readonly address: string; readonly maxBytes: number | undefined }[];
  /** Why there is no address. */
  readonly problem?: string;
}

/**
 * Finds out where reports to a domain may go. Another organisation must say in the DNS that it wants them: otherwise anybody could
 * have us send mail to strangers.
 * @param policyDomain where the record with `uris` is; A-labels
 * @throws DnsError `temporary`, and the signal's reason
 * Source: RFC 9990 §4; RFC 7489 §7.1
 */
export async function findReportDestinations(options: {
  resolver: Pick<Resolver, 'txt'>;
  policyDomain: string;
  uris: readonly string[];
  signal: AbortSignal;
}): Promise<ReportDestination[]> {
  const { resolver, policyDomain, uris, signal } = options;
  const tree = new DmarcTree(resolver, signal);
  const destinations: ReportDestination[] = [];
  for (const [at, uri] of uris.entries()) {
    const problem = (text: string): ReportDestination => ({ uri, addresses: [], problem: text });
    const parsed = parseReportUri(uri);
    if (parsed === undefined) destinations.push(problem('it is no address that mail can be sent to'));
    else if (at >= limits.dmarcReportAddresses) {
      destinations.push(problem(`only the first ${limits.dmarcReportAddresses} addresses get reports`));
    } else if (await isSameOrganisation(tree, policyDomain, parsed.domain)) {
      destinations.push({ uri, addresses: [toAddress(parsed)] });
    } else {
      const name = `${policyDomain}._report._dmarc.${parsed.domain}`;
      const wanted = await askOther(resolver, name, signal);
      if (wanted === undefined) {
        destinations.push(problem(`${parsed.domain} does not say at ${name} that it wants reports on ${policyDomain}`));
      } else {
        // RFC 9990 §4: it may name other addresses, of the same host only.
        const others = wanted.flatMap((other) => parseReportUri(other) ?? []);
        const usable = others.filter(({ domain }) => domain === parsed.domain).slice(0, limits.dmarcReportAddresses);
        destinations.push({ uri, addresses: (usable.length > 0 ? usable : [parsed]).map(toAddress) });
      }
    }
  }
  return destinations;
}

function toAddress({ localpart, domain, maxBytes }: ReportUri): ReportDestination['addresses'][number] {
  return { address: `${localpart}@${domain}`, maxBytes };
}

async function isSameOrganisation(tree: DmarcTree, one: string, other: string): Promise<boolean> {
  return one === other || (await tree.organisationalDomain(one)) === (await tree.organisationalDomain(other));
}

/** @returns the addresses that the other domain names instead, often none; undefined when it wants no reports */
async function askOther(
  resolver: Pick<Resolver, 'txt'>,
  name: string,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  try {
    const { records } = await resolver.txt(name, signal);
    const record = records.find(isDmarcRecord);
    return record === undefined ? undefined : (parseDmarcRecord(record)?.aggregateReports ?? []);
  } catch (error) {
    if (error instanceof DnsError && error.kind !== 'temporary') return undefined;
    throw error;
  }
}
