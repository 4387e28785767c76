import { DnsError } from './dns-error.ts';
import { normalizeName, reverseName } from './query-name.ts';
import type { DnsAnswer, MxRecord, Resolver, SoaRecord, TlsaRecord } from './resolver.ts';

/** Answers from records that it is given: for tests and benchmarks. */
export class ZoneResolver implements Resolver {
  readonly #records = new Map<string, unknown[]>();
  readonly #names = new Set<string>();
  readonly #failing = new Set<string>();

  add(name: string, type: string, data: unknown): void {
    const key = `${type} ${name.toLowerCase().replace(/\.$/, '')}`;
    this.#names.add(name.toLowerCase().replace(/\.$/, ''));
    this.#records.set(key, [...(this.#records.get(key) ?? []), data]);
  }

  /** Questions for the name, but for records that it has, get no answer. */
  fail(name: string): void {
    this.#failing.add(name.toLowerCase());
  }

  mx(name: string): Promise<DnsAnswer<MxRecord>> {
    return this.#find(name, 'MX');
  }

  a(name: string): Promise<DnsAnswer<string>> {
    return this.#find(name, 'A');
  }

  aaaa(name: string): Promise<DnsAnswer<string>> {
    return this.#find(name, 'AAAA');
  }

  txt(name: string): Promise<DnsAnswer<string>> {
    return this.#find(name, 'TXT');
  }

  ptr(address: string): Promise<DnsAnswer<string>> {
    return this.#find(reverseName(address) ?? '', 'PTR');
  }

  tlsa(name: string): Promise<DnsAnswer<TlsaRecord>> {
    return this.#find(name, 'TLSA');
  }

  ns(name: string): Promise<DnsAnswer<string>> {
    return this.#find(name, 'NS');
  }

  soa(name: string): Promise<DnsAnswer<SoaRecord>> {
    return this.#find(name, 'SOA');
  }

  async #find<Found>(name: string, type: string): Promise<DnsAnswer<Found>> {
    const question = { name, type };
    let found = normalizeName(name);
    if (found === undefined) throw new DnsError('nxdomain', question, 'that is no valid name');
    for (let aliases = 0; aliases < 10; aliases++) {
      const records = this.#records.get(`${type} ${found}`) as Found[] | undefined;
      if (records !== undefined) {
        return { records, authentic: false, canonicalName: found, ttlSeconds: 60 };
      }
      if (this.#failing.has(found)) throw new DnsError('temporary', question, 'no server answers');
      const [alias] = (this.#records.get(`CNAME ${found}`) ?? []) as string[];
      if (alias === undefined) {
        const kind = this.#names.has(found) ? 'nodata' : 'nxdomain';
        throw new DnsError(kind, question, 'there is none');
      }
      found = normalizeName(alias) ?? '';
    }
    throw new DnsError('temporary', question, 'too many aliases');
  }
}
