import { DnsError } from '../dns/dns-error.ts';
import type { DnsAnswer, MxRecord, Resolver } from '../dns/resolver.ts';
import { limits } from '../runtime/limits.ts';
import { parseAddressLiteral } from '../smtp/domain.ts';
import type { AttemptReply } from './queue.ts';

export interface HostSearch {
  readonly resolver: Resolver;
  /** Our own name: mail that we are a mail exchanger for must not come back to us. */
  readonly hostname: string;
  /** 0 to 1. */
  readonly random: () => number;
}

/** Hosts in the order they are to be tried, and whether DNSSEC shows that they are the domain's; or why there are none. */
export type DestinationHosts =
  | { readonly hosts: readonly string[]; readonly authentic: boolean }
  | { readonly failure: AttemptReply };

/**
 * The hosts that take mail for a domain: its mail exchangers, the best preference first and equals in random order; without any MX
 * record the domain itself; an address literal itself.
 * Source: RFC 5321 §5.1, RFC 7505
 */
export async function destinationHosts(
  search: HostSearch,
  domain: string,
  signal: AbortSignal,
): Promise<DestinationHosts> {
  if (domain.startsWith('[')) return { hosts: [domain], authentic: false };
  let answer: DnsAnswer<MxRecord>;
  try {
    answer = await search.resolver.mx(domain, signal);
  } catch (error) {
    if (!(error instanceof DnsError)) throw error;
    if (error.kind === 'nodata') return { hosts: [domain], authentic: error.authentic };
    return { failure: lookupFailure(error, domain) };
  }
  const exchanges = answer.records.filter(({ exchange }) => exchange !== '.' && exchange !== '');
  if (exchanges.length === 0) {
    return { failure: { code: 556, enhanced: '5.1.10', text: `Domain ${domain} accepts no mail (null MX)` } };
  }
  // RFC 5321 §5.1: being one of the exchangers, we may only pass mail on to better ones.
  const own = exchanges.filter(({ exchange }) => exchange === search.hostname);
  const ownPreference = Math.min(...own.map(({ preference }) => preference));
  const better = exchanges.filter(({ preference }) => preference < ownPreference);
  if (better.length === 0) {
    return {
      failure: { code: 554, enhanced: '5.4.6', text: `Mail for ${domain} is for this server, which does not take it` },
    };
  }
  return {
    authentic: answer.authentic,
    hosts: better
      .map((record) => ({ ...record, order: search.random() }))
      .sort((one, other) => one.preference - other.preference || one.order - other.order)
      .slice(0, limits.queueHostsPerDestination)
      .map(({ exchange }) => exchange),
  };
}

/** IP addresses in the order they are to be tried, or why there are none. */
export type HostAddresses = FoundAddresses | { readonly failure: AttemptReply };

export interface FoundAddresses {
  readonly addresses: readonly string[];
  /** DNSSEC shows all of them, and the absence of those that there are none of. */
  readonly authentic: boolean;
  /** Where they are, after aliases. */
  readonly canonicalName: string;
}

/** IPv6 first, then IPv4, each in random order. Source: RFC 5321 §5.2 */
export async function hostAddresses(search: HostSearch, host: string, signal: AbortSignal): Promise<HostAddresses> {
  const literal = parseAddressLiteral(host);
  if (literal !== undefined) return { addresses: [literal], authentic: false, canonicalName: host };
  const [ipv6, ipv4] = await Promise.allSettled([search.resolver.aaaa(host, signal), search.resolver.a(host, signal)]);
  const addresses: string[] = [];
  let authentic = true;
  let canonicalName = host;
  let failure: DnsError | undefined;
  for (const answer of [ipv6, ipv4]) {
    if (answer.status === 'fulfilled') {
      authentic &&= answer.value.authentic;
      ({ canonicalName } = answer.value);
      const shuffled = answer.value.records
        .map((address) => ({ address, order: search.random() }))
        .sort((one, other) => one.order - other.order);
      // Half for each family, so that many addresses of the one don't keep the other from its turn.
      addresses.push(...shuffled.slice(0, limits.queueAddressesPerHost / 2).map(({ address }) => address));
    } else if (answer.reason instanceof DnsError) {
      // A family that can't be looked up says nothing of the other's addresses.
      authentic &&= answer.reason.kind === 'temporary' || answer.reason.authentic;
      if (failure === undefined || answer.reason.kind === 'temporary') failure = answer.reason;
    } else throw answer.reason;
  }
  if (addresses.length > 0) return { addresses, authentic, canonicalName };
  return { failure: lookupFailure(failure as DnsError, host) };
}

function lookupFailure(error: DnsError, name: string): AttemptReply {
  switch (error.kind) {
    case 'nxdomain':
      return { code: 550, enhanced: '5.1.2', text: `Domain ${name} does not exist` };
    case 'nodata':
      return { code: 550, enhanced: '5.4.4', text: `Host ${name} has no address` };
    case 'temporary':
      return { code: 451, enhanced: '4.4.3', text: `DNS has no answer for ${name} at the moment` };
  }
}
