import { limits } from '../runtime/limits.ts';
import type { FoundRecords } from './dns-cache.ts';
import { DnsError } from './dns-error.ts';
import type { DnsQuestion, DnsRecord, DnsResponse } from './dns-message.ts';
import { normalizeName } from './query-name.ts';

/**
 * Looks a name up, following CNAMEs in the answers and, where an answer ends at one, by further queries.
 * @param ask asks the servers; throws DnsError `temporary`
 */
export async function findRecords(
  question: DnsQuestion,
  ask: (question: DnsQuestion) => Promise<DnsResponse>,
): Promise<FoundRecords> {
  let name = question.name;
  let aliases = 0;
  let authentic = true;
  let ttlSeconds = Number.POSITIVE_INFINITY;
  for (;;) {
    const response = await ask({ name, type: question.type });
    authentic &&= response.authentic;
    const start = name;
    for (;;) {
      const records = response.answers.filter((record) => record.type === question.type && record.name === name);
      if (records.length > 0) {
        ttlSeconds = Math.min(ttlSeconds, ...records.map((record) => record.ttl));
        return { records, error: undefined, authentic, canonicalName: name, ttlSeconds };
      }
      const alias = response.answers.find((record) => record.type === 'CNAME' && record.name === name);
      const target = alias && normalizeName(String(alias.data));
      if (!alias || target === undefined) break;
      if (++aliases > limits.dnsAliases)
        throw new DnsError('temporary', question, `more than ${limits.dnsAliases} aliases`);
      ttlSeconds = Math.min(ttlSeconds, alias.ttl);
      name = target;
    }
    // NXDOMAIN is about the end of the chain: RFC 6604 §3. So is an SOA, without which the server may not have followed all of it.
    const soa = response.authorities.find((record) => record.type === 'SOA');
    if (response.rcode === 'NXDOMAIN' || name === start || soa)
      return nothingFound(question, response, soa, { authentic, canonicalName: name, ttlSeconds });
  }
}

function nothingFound(
  question: DnsQuestion,
  response: DnsResponse,
  soa: DnsRecord | undefined,
  found: { authentic: boolean; canonicalName: string; ttlSeconds: number },
): FoundRecords {
  const missing = response.rcode === 'NXDOMAIN';
  const error = new DnsError(
    missing ? 'nxdomain' : 'nodata',
    question,
    missing ? 'the name does not exist' : 'there are no such records',
    { authentic: found.authentic },
  );
  // RFC 2308 §5: the lower of the SOA's TTL and its last field; without SOA it may not be cached.
  const minimum = (soa?.data as { minimum?: number } | undefined)?.minimum ?? 0;
  const ttlSeconds = Math.min(found.ttlSeconds, soa ? Math.min(soa.ttl, minimum) : 0);
  return { records: [], error, ...found, ttlSeconds };
}
