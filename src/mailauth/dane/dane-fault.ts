import type { X509Certificate } from 'node:crypto';
import type { TlsaRecord } from '../../dns/resolver.ts';
import type { TlsFault } from '../tls-report/tls-result.ts';
import { matchesTlsa } from './tlsa.ts';

/**
 * Checks the certificates that a server showed against the TLSA records of its name. One record that fits is enough.
 * @param shown.chain the server's own first, each followed by its issuer
 * @param shown.names that the certificate may be for: the host, and the domain that it takes mail for
 * @param records usable ones, at least one
 * @returns what is wrong; undefined: the server is who the records say
 * Source: RFC 7672 §3.1, RFC 7671 §5.1 and §5.2
 */
export function daneFault(
  shown: { readonly chain: readonly X509Certificate[]; readonly names: readonly string[]; readonly now: number },
  records: readonly TlsaRecord[],
): TlsFault | undefined {
  const { chain, names, now } = shown;
  const [own] = chain;
  if (own === undefined) return { type: 'validation-failure', detail: 'the server showed no certificate' };
  // DANE-EE: the record stands for name and validity too (RFC 7672 §3.1.1).
  if (records.some((record) => record.usage === 3 && matchesTlsa(own, record))) return undefined;
  const anchors = records.filter(({ usage }) => usage === 2);
  const depth = trustedDepth(chain, anchors);
  if (depth === undefined) {
    return { type: 'certificate-not-trusted', detail: 'no TLSA record matches the certificate' };
  }
  const path = chain.slice(0, depth + 1);
  const expired = path.find(({ validFromDate, validToDate }) => !(+validFromDate <= now && now <= +validToDate));
  if (expired !== undefined) {
    return { type: 'certificate-expired', detail: `the certificate is valid until ${expired.validTo} only` };
  }
  if (!names.some((name) => own.checkHost(name, { subject: 'never' }) !== undefined)) {
    return { type: 'certificate-host-mismatch', detail: `the certificate is not for ${names.join(' or ')}` };
  }
  return undefined;
}

/** How far up the chain there is a certificate that a record names, with each below issued by the one above. */
function trustedDepth(chain: readonly X509Certificate[], anchors: readonly TlsaRecord[]): number | undefined {
  for (let depth = 0; depth < chain.length; depth++) {
    const certificate = chain[depth]!;
    const below = chain[depth - 1];
    if (below !== undefined && !isIssuedBy(below, certificate)) return undefined;
    // An anchor issues; the server's own certificate is no anchor unless it issued itself.
    const mayIssue = depth > 0 || isIssuedBy(certificate, certificate);
    if (mayIssue && anchors.some((record) => matchesTlsa(certificate, record))) return depth;
  }
  return undefined;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
