export interface MxRecord {
  preference: number;
  /** Lower case, without final dot; `.` for null MX (RFC 7505). */
  exchange: string;
}

/** RFC 6698 §2.1. */
export interface TlsaRecord {
  usage: number;
  selector: number;
  matchingType: number;
  certificate: Buffer;
}

export interface SoaRecord {
  mname: string;
  rname: string;
  serial: number;
  refresh: number;
  retry: number;
  expire: number;
  minimum: number;
}

/** Records found. There is at least one: where there is none, the lookup throws. */
export interface DnsAnswer<T> {
  records: readonly T[];
  /** Each step, aliases included, was validated by DNSSEC, by a resolver that is trusted for that. */
  authentic: boolean;
  /** Where the records are, after CNAMEs; lower case, without final dot. */
  canonicalName: string;
  /** The lowest of all steps. */
  ttlSeconds: number;
}

/**
 * Looks up names in the DNS. Names are ASCII (A-labels), with or without final dot.
 * Each method throws DnsError, of kind `nodata` where the name has no such records, or the signal's reason.
 */
export interface Resolver {
  mx(name: string, signal?: AbortSignal): Promise<DnsAnswer<MxRecord>>;
  a(name: string, signal?: AbortSignal): Promise<DnsAnswer<string>>;
  aaaa(name: string, signal?: AbortSignal): Promise<DnsAnswer<string>>;
  /** The strings of each record joined: RFC 7208 §3.3, RFC 6376 §3.6.2.2. */
  txt(name: string, signal?: AbortSignal): Promise<DnsAnswer<string>>;
  /** @param address IPv4 or IPv6 @returns host names */
  ptr(address: string, signal?: AbortSignal): Promise<DnsAnswer<string>>;
  tlsa(name: string, signal?: AbortSignal): Promise<DnsAnswer<TlsaRecord>>;
  ns(name: string, signal?: AbortSignal): Promise<DnsAnswer<string>>;
  soa(name: string, signal?: AbortSignal): Promise<DnsAnswer<SoaRecord>>;
}
