import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { DnsError } from '../dns/dns-error.ts';
import type { Resolver, TlsaRecord } from '../dns/resolver.ts';
import { daneFault } from '../mailauth/dane/dane-fault.ts';
import { tlsaText, usableTlsa } from '../mailauth/dane/tlsa.ts';
import { isPolicyHost, type MtaStsPolicy } from '../mailauth/mta-sts/mta-sts-policy.ts';
import type { TlsFault, TlsPolicy, TlsResult } from '../mailauth/tls-report/tls-result.ts';
import { limits } from '../runtime/limits.ts';
import { parseAddressLiteral } from '../smtp/domain.ts';
import type { SmtpTarget } from '../smtp-client/connect-smtp.ts';

/** What is known of a domain's MTA-STS policy. */
export interface MtaSts {
  readonly policy: MtaStsPolicy | undefined;
  /** Why there is none, or only an older one, though the domain says that it has one. */
  readonly fault: TlsFault | undefined;
}

/** @throws the signal's reason only */
export type FindMtaSts = (domain: string, signal: AbortSignal) => Promise<MtaSts>;

export interface TlsPolicyOptions {
  readonly resolver: Resolver;
  readonly port: number;
  /** The current time, milliseconds. */
  readonly now: () => number;
  readonly onTlsResult?: ((result: TlsResult) => void) | undefined;
}

/** A destination as far as it is known before any host is looked at. */
export interface SecuredDomain {
  readonly domain: string;
  /** Its mail exchangers, or that it has none, are DNSSEC-validated. */
  readonly authentic: boolean;
  readonly mtaSts: MtaSts;
}

/** What a session with one host is held to, and by what. */
export interface HostTls {
  /**
   * - `dane`: TLSA records say whose certificate it must be (RFC 7672).
   * - `mta-sts`: the domain's policy does (RFC 8461).
   * - `required`: it must be TLS, with the certificate of the host, as the message wants it (RFC 8689).
   * - `encrypted`: it must be TLS with any certificate: there are TLSA records, and none that could be used.
   * - `opportunistic`: as well as it goes.
   */
  readonly by: 'dane' | 'mta-sts' | 'required' | 'encrypted' | 'opportunistic';
  readonly target: Pick<SmtpTarget, 'tls' | 'verify' | 'tlsName'>;
  /** That its result is to be reported for. */
  readonly policies: readonly TlsPolicy[];
}

/** Why a host must not be used now. */
export interface UnusableHost {
  readonly fault: TlsFault;
  readonly policies: readonly TlsPolicy[];
}

/**
 * Finds out what TLS with a host has to be. TLSA records come before an MTA-STS policy (RFC 8461 §2).
 * @param host.name from a mail exchanger record or the domain itself
 * @param host.authentic its addresses are DNSSEC-validated, which is asked before its TLSA records are (RFC 7672 §2.2.2)
 * @param host.canonicalName where its addresses are
 */
export async function hostTls(
  options: TlsPolicyOptions,
  host: { readonly name: string; readonly authentic: boolean; readonly canonicalName: string },
  secured: SecuredDomain,
  signal: AbortSignal,
): Promise<HostTls | UnusableHost> {
  const { domain, authentic, mtaSts } = secured;
  const policy = mtaSts.policy?.mode === 'none' ? undefined : mtaSts.policy;
  const policies = policy === undefined ? [] : [stsPolicy(domain, policy)];
  if (policy?.mode === 'enforce' && !isPolicyHost(host.name, policy)) {
    return { policies, fault: { type: 'validation-failure', detail: `the MTA-STS policy does not name ${host.name}` } };
  }
  const isLiteral = parseAddressLiteral(host.name) !== undefined;
  if (authentic && host.authentic && !isLiteral) {
    const found = await findTlsa(options, host, signal);
    if (found !== undefined && 'fault' in found) {
      return { fault: found.fault, policies: [...policies, daneUnknown(host.name)] };
    }
    if (found !== undefined) return daneTls(options, { ...found, host: host.name, domain }, policies);
  }
  if (policy?.mode === 'enforce') {
    return { by: 'mta-sts', target: { tls: 'required', verify: 'host' }, policies };
  }
  const others = policies.length > 0 ? policies : [{ ...nothing, domain }];
  return { by: 'opportunistic', target: { tls: 'opportunistic' }, policies: others };
}

const nothing = { type: 'no-policy-found', strings: [], mxHosts: [] } as const;

export function stsPolicy(domain: string, { mode, mx, maxAgeSeconds }: MtaStsPolicy): TlsPolicy {
  const strings = ['version: STSv1', `mode: ${mode}`, ...mx.map((one) => `mx: ${one}`), `max_age: ${maxAgeSeconds}`];
  return { type: 'sts', domain, strings, mxHosts: mx };
}

function daneUnknown(host: string): TlsPolicy {
  return { type: 'tlsa', domain: host, strings: [], mxHosts: [] };
}

interface FoundTlsa {
  readonly base: string;
  readonly records: readonly TlsaRecord[];
}

/** Source: RFC 7672 §2.2.2 and §2.2.3 */
async function findTlsa(
  { resolver, port }: TlsPolicyOptions,
  host: { readonly name: string; readonly canonicalName: string },
  signal: AbortSignal,
): Promise<FoundTlsa | { readonly fault: TlsFault } | undefined> {
  for (const base of new Set([host.canonicalName, host.name])) {
    try {
      const { authentic, records } = await resolver.tlsa(`_${port}._tcp.${base}`, signal);
      if (authentic) return { base, records: records.slice(0, limits.tlsaRecords) };
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      // As good as an attack: whoever can keep the records from us must not get the mail without them (RFC 7672 §2.1.1).
      if (error.kind === 'temporary') return { fault: { type: 'dnssec-invalid', detail: error.message } };
    }
  }
  return undefined;
}

function daneTls(
  options: TlsPolicyOptions,
  found: FoundTlsa & { host: string; domain: string },
  others: readonly TlsPolicy[],
): HostTls {
  const { base, records, host, domain } = found;
  const usable = usableTlsa(records);
  const tlsa: TlsPolicy = { type: 'tlsa', domain: host, strings: records.map(tlsaText), mxHosts: [] };
  const policies = [...others, tlsa];
  if (usable.length === 0)
    return { by: 'encrypted', target: { tls: 'required', verify: 'any', tlsName: base }, policies };
  const names = [base, host, domain];
  const verify = (socket: TLSSocket): TlsFault | undefined =>
    daneFault({ chain: shownChain(socket), names, now: options.now() }, usable);
  return { by: 'dane', target: { tls: 'required', verify, tlsName: base }, policies };
}

function shownChain(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let shown: ReturnType<TLSSocket['getPeerCertificate']> | undefined = socket.getPeerCertificate(true);
  while (shown?.raw !== undefined && chain.length < limits.certificateChain) {
    chain.push(new X509Certificate(shown.raw));
    const issuer: typeof shown | undefined = (shown as { issuerCertificate?: typeof shown }).issuerCertificate;
    // A certificate that issued itself is its own issuer.
    shown = issuer === shown ? undefined : issuer;
  }
  return chain;
}
