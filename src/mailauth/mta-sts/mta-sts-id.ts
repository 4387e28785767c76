import { DnsError } from '../../dns/dns-error.ts';
import type { Resolver } from '../../dns/resolver.ts';

/**
 * The id of the MTA-STS policy that a domain has at present: another id means another policy.
 * @returns undefined when it has none: no record, or more than one
 * @throws DnsError `temporary`; the signal's reason
 * Source: RFC 8461 §3.1
 */
export async function mtaStsId(
  resolver: Pick<Resolver, 'txt'>,
  domain: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  let texts: readonly string[];
  try {
    texts = (await resolver.txt(`_mta-sts.${domain}`, signal)).records;
  } catch (error) {
    if (error instanceof DnsError && error.kind !== 'temporary') return undefined;
    throw error;
  }
  const records = texts.filter((text) => /^v=STSv1[\t ]*(?:;|$)/.test(text));
  if (records.length !== 1) return undefined;
  return /;[\t ]*id[\t ]*=[\t ]*([A-Za-z0-9]{1,32})[\t ]*(?:;|$)/.exec(records[0]!)?.[1];
}
