import { openDiagnosisResolver } from './open-diagnosis-resolver.ts';

export interface DnsLookup {
  readonly records: readonly string[];
  /** Validated by DNSSEC, says a resolver that is trusted for it. */
  readonly authentic: boolean;
  readonly ttlSeconds: number;
  /** Where they are, after aliases. */
  readonly canonicalName: string;
}

const show = {
  a: (record: unknown) => String(record),
  aaaa: (record: unknown) => String(record),
  mx: (record: unknown) => {
    const { preference, exchange } = record as { preference: number; exchange: string };
    return `${preference} ${exchange}`;
  },
  txt: (record: unknown) => String(record),
  ptr: (record: unknown) => String(record),
  ns: (record: unknown) => String(record),
  tlsa: (record: unknown) => {
    const { usage, selector, matchingType, certificate } = record as Record<string, unknown> & { certificate: Buffer };
    return `${usage} ${selector} ${matchingType} ${certificate.toString('hex')}`;
  },
  soa: (record: unknown) => {
    const { mname, rname, serial } = record as { mname: string; rname: string; serial: number };
    return `${mname} ${rname} ${serial}`;
  },
};

/** Asks the server's own resolver. @throws DnsError */
export async function lookUpDns(question: {
  staticConfigPath: string;
  type: keyof typeof show;
  name: string;
  signal: AbortSignal;
}): Promise<DnsLookup> {
  const { staticConfigPath, type, name, signal } = question;
  const { resolver } = await openDiagnosisResolver(staticConfigPath);
  const { records, ...answer } = await resolver[type](name, signal);
  return { ...answer, records: records.map((record) => show[type](record)) };
}
