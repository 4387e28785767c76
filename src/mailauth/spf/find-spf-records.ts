import { DnsError } from '../../dns/dns-error.ts';
import type { Resolver } from '../../dns/resolver.ts';
import { isSpfRecord } from './spf-record.ts';

/**
 * @returns the SPF records of a domain: one is right
 * @throws DnsError `temporary`
 * Source: RFC 7208 §4.4, §4.5
 */
export async function findSpfRecords(
  resolver: Pick<Resolver, 'txt'>,
  domain: string,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    return (await resolver.txt(domain, signal)).records.filter(isSpfRecord);
  } catch (error) {
    if (error instanceof DnsError && error.kind !== 'temporary') return [];
    throw error;
  }
}
