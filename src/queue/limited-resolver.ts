import { DnsError } from '../dns/dns-error.ts';
import type { DnsAnswer, Resolver } from '../dns/resolver.ts';

/** Stands for a host's address when a proxy looks its name up. */
export const lookedUpElsewhere = '0.0.0.0';

/** A resolver that knows addresses of one family only. */
export function ofOneFamily(resolver: Resolver, family: 'ipv4' | 'ipv6'): Resolver {
  return family === 'ipv4'
    ? changed(resolver, { aaaa: (name) => noAddress(name, 'AAAA') })
    : changed(resolver, { a: (name) => noAddress(name, 'A') });
}

/** A resolver that knows mail exchangers, and leaves their addresses to a proxy. */
export function withoutAddresses(resolver: Resolver): Resolver {
  return changed(resolver, {
    a: async (name): Promise<DnsAnswer<string>> => ({
      records: [lookedUpElsewhere],
      // Nobody else had a say in it: the TLSA records of the name are to be asked for all the same.
      authentic: true,
      canonicalName: name,
      ttlSeconds: 0,
    }),
    aaaa: (name) => noAddress(name, 'AAAA'),
  });
}

function changed(resolver: Resolver, methods: Partial<Resolver>): Resolver {
  return {
    mx: (name, signal) => resolver.mx(name, signal),
    a: (name, signal) => resolver.a(name, signal),
    aaaa: (name, signal) => resolver.aaaa(name, signal),
    txt: (name, signal) => resolver.txt(name, signal),
    ptr: (address, signal) => resolver.ptr(address, signal),
    tlsa: (name, signal) => resolver.tlsa(name, signal),
    ns: (name, signal) => resolver.ns(name, signal),
    soa: (name, signal) => resolver.soa(name, signal),
    ...methods,
  };
}

async function noAddress(name: string, type: string): Promise<never> {
  throw new DnsError('nodata', { name, type }, 'this transport does not use such addresses', { authentic: true });
}
