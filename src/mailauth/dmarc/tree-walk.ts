import { DnsError } from '../../dns/dns-error.ts';
import type { Resolver } from '../../dns/resolver.ts';
import { type DmarcRecord, isDmarcRecord, parseDmarcRecord } from './dmarc-record.ts';

export interface FoundRecord {
  readonly domain: string;
  readonly record: DmarcRecord;
}

/** Labels from which on a longer name is cut, so that nobody can make us ask more than eight times. Source: RFC 9989 §4.10 */
const mostLabels = 8;

/** Walks up the DNS from a domain, and remembers what it found: several domains of one message are often below each other. */
export class DmarcTree {
  readonly #resolver: Pick<Resolver, 'txt'>;
  readonly #signal: AbortSignal;
  readonly #records = new Map<string, Promise<DmarcRecord | undefined>>();

  constructor(resolver: Pick<Resolver, 'txt'>, signal: AbortSignal) {
    this.#resolver = resolver;
    this.#signal = signal;
  }

  /**
   * @returns the record that is for a domain: its own, that of its organisational domain, or of the public suffix above
   * @throws DnsError `temporary`
   * Source: RFC 9989 §4.10.1
   */
  async policyFor(domain: string): Promise<FoundRecord | undefined> {
    const own = await this.#recordOf(domain);
    if (own !== undefined) return { domain, record: own };
    const found = await this.#walk(domain);
    const organisational = organisationalOf(domain, found);
    return (
      found.find((each) => each.domain === organisational) ?? found.find(({ record }) => record.isPublicSuffix === true)
    );
  }

  /**
   * @returns the domain that stands for an organisation: its own, when nothing is published above
   * @throws DnsError `temporary`
   * Source: RFC 9989 §4.10.2
   */
  async organisationalDomain(domain: string): Promise<string> {
    return organisationalOf(domain, await this.#walk(domain));
  }

  /** From the domain upwards, up to a record that says that nothing above matters. */
  async #walk(domain: string): Promise<FoundRecord[]> {
    const found: FoundRecord[] = [];
    let labels = domain.split('.');
    for (let first = true; labels.length > 0; first = false) {
      const name = labels.join('.');
      const record = await this.#recordOf(name);
      if (record !== undefined) {
        found.push({ domain: name, record });
        if (record.isPublicSuffix === false || (record.isPublicSuffix === true && !first)) break;
      }
      labels = labels.length > mostLabels ? labels.slice(-(mostLabels - 1)) : labels.slice(1);
    }
    return found;
  }

  #recordOf(domain: string): Promise<DmarcRecord | undefined> {
    const known = this.#records.get(domain);
    if (known !== undefined) return known;
    const asked = this.#ask(domain);
    this.#records.set(domain, asked);
    return asked;
  }

  async #ask(domain: string): Promise<DmarcRecord | undefined> {
    try {
      const { records } = await this.#resolver.txt(`_dmarc.${domain}`, this.#signal);
      const [record, another] = records.filter(isDmarcRecord);
      // Of several none counts.
      return record === undefined || another !== undefined ? undefined : parseDmarcRecord(record);
    } catch (error) {
      if (error instanceof DnsError && error.kind !== 'temporary') return undefined;
      throw error;
    }
  }
}

function organisationalOf(domain: string, found: readonly FoundRecord[]): string {
  for (const { domain: name, record } of found) {
    if (record.isPublicSuffix === false) return name;
    // Whoever registered below the public suffix: one label more.
    if (record.isPublicSuffix === true && name !== domain)
      return domain
        .split('.')
        .slice(-(name.split('.').length + 1))
        .join('.');
  }
  return found.at(-1)?.domain ?? domain;
}
