import { DnsError } from '../../dns/dns-error.ts';
import type { Resolver } from '../../dns/resolver.ts';

/** Where a domain wants reports on TLS with its servers. */
export interface TlsReportRecord {
  readonly text: string;
  /** `mailto:` and `https:`, as they are written; none: the record is wrong. */
  readonly uris: readonly string[];
}

/**
 * The TLSRPT record of a domain.
 * @returns undefined without one, or with more than one
 * @throws DnsError `temporary`; the signal's reason
 * Source: RFC 8460 §3
 */
export async function tlsReportRecord(
  resolver: Pick<Resolver, 'txt'>,
  domain: string,
  signal?: AbortSignal,
): Promise<TlsReportRecord | undefined> {
  let texts: readonly string[];
  try {
    texts = (await resolver.txt(`_smtp._tls.${domain}`, signal)).records;
  } catch (error) {
    if (error instanceof DnsError && error.kind !== 'temporary') return undefined;
    throw error;
  }
  const records = texts.filter((text) => /^v=TLSRPTv1[\t ]*(?:;|$)/.test(text));
  if (records.length !== 1) return undefined;
  const [text = ''] = records;
  const rua = /;[\t ]*rua[\t ]*=[\t ]*([^;]*)/.exec(text)?.[1] ?? '';
  const uris = rua.split(',').map((uri) => uri.trim());
  return { text, uris: uris.filter((uri) => /^(?:mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/i.test(uri)) };
}
