import { X509Certificate } from 'node:crypto';
import { DnsError } from '../../dns/dns-error.ts';
import { certificateTlsa, tlsaText, usableTlsa } from '../../mailauth/dane/tlsa.ts';
import { destinationHosts, hostAddresses } from '../../queue/destination-hosts.ts';
import { openDiagnosisResolver } from './open-diagnosis-resolver.ts';

export interface DaneLookup {
  /** The mail exchangers are validated by DNSSEC: without that TLSA records don't count. */
  readonly authentic: boolean;
  readonly hosts: readonly {
    readonly host: string;
    readonly authentic: boolean;
    readonly records: readonly { readonly text: string; readonly isUsable: boolean }[];
    readonly problem?: string;
  }[];
  /** Why there are no hosts. */
  readonly problem?: string;
}

/** Looks up the TLSA records of all hosts that take mail for a domain. */
export async function lookUpDane(question: {
  staticConfigPath: string;
  domain: string;
  signal: AbortSignal;
}): Promise<DaneLookup> {
  const { staticConfigPath, domain, signal } = question;
  const { resolver } = await openDiagnosisResolver(staticConfigPath);
  const search = { resolver, hostname: '', random: () => 0 };
  const found = await destinationHosts(search, domain, signal);
  if ('failure' in found) return { authentic: false, hosts: [], problem: found.failure.text };
  const hosts: DaneLookup['hosts'][number][] = [];
  for (const host of found.hosts) {
    const addresses = await hostAddresses(search, host, signal);
    if ('failure' in addresses) {
      hosts.push({ host, authentic: false, records: [], problem: addresses.failure.text });
      continue;
    }
    try {
      const answer = await resolver.tlsa(`_25._tcp.${host}`, signal);
      const usable = new Set(usableTlsa(answer.records));
      const records = answer.records.map((record) => ({ text: tlsaText(record), isUsable: usable.has(record) }));
      hosts.push({ host, authentic: addresses.authentic && answer.authentic, records });
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      const problem = error.kind === 'temporary' ? { problem: error.message } : {};
      hosts.push({ host, authentic: addresses.authentic, records: [], ...problem });
    }
  }
  return { authentic: found.authentic, hosts };
}

/**
 * The TLSA record that stands for a certificate's key, which outlives the certificate (RFC 7671 §5.1).
 * @param pem the server's own certificate first
 * @throws TypeError or an error of OpenSSL when that is no certificate
 */
export function daneRecord(pem: string): string {
  return tlsaText(certificateTlsa(new X509Certificate(pem)));
}
