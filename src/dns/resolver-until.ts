import { DnsError } from './dns-error.ts';
import type { Resolver } from './resolver.ts';

/** @returns a resolver whose lookups fail for now (DnsError `temporary`) once the signal has fired */
export function resolverUntil(resolver: Resolver, ended: AbortSignal): Resolver {
  const until =
    <Answer>(type: string, look: (name: string, signal?: AbortSignal) => Promise<Answer>) =>
    async (name: string, signal?: AbortSignal): Promise<Answer> => {
      try {
        return await look(name, signal === undefined ? ended : AbortSignal.any([signal, ended]));
      } catch (error) {
        signal?.throwIfAborted();
        if (!ended.aborted || error instanceof DnsError) throw error;
        throw new DnsError('temporary', { name, type }, 'there was no answer in time', { cause: error });
      }
    };
  return {
    mx: until('MX', (name, signal) => resolver.mx(name, signal)),
    a: until('A', (name, signal) => resolver.a(name, signal)),
    aaaa: until('AAAA', (name, signal) => resolver.aaaa(name, signal)),
    txt: until('TXT', (name, signal) => resolver.txt(name, signal)),
    ptr: until('PTR', (name, signal) => resolver.ptr(name, signal)),
    tlsa: until('TLSA', (name, signal) => resolver.tlsa(name, signal)),
    ns: until('NS', (name, signal) => resolver.ns(name, signal)),
    soa: until('SOA', (name, signal) => resolver.soa(name, signal)),
  };
}
