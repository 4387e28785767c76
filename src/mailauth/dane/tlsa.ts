import { hash, type X509Certificate } from 'node:crypto';
import type { TlsaRecord } from '../../dns/resolver.ts';

/**
 * The records that a mail client can use: DANE-TA(2) and DANE-EE(3) with known selectors and matching types. Those of usage 0 and 1
 * are unusable, as there is no agreed set of authorities for SMTP.
 * Source: RFC 7672 §3.1
 */
export function usableTlsa(records: readonly TlsaRecord[]): TlsaRecord[] {
  return records.filter(({ usage, selector, matchingType, certificate }) => {
    if ((usage !== 2 && usage !== 3) || selector > 1) return false;
    const digestBytes = [undefined, 32, 64][matchingType];
    return matchingType === 0 ? certificate.length > 0 : certificate.length === digestBytes;
  });
}

/** Whether a record is about this certificate. Source: RFC 6698 §2.1.2 and §2.1.3 */
export function matchesTlsa(certificate: X509Certificate, record: TlsaRecord): boolean {
  const data = record.selector === 0 ? certificate.raw : publicKeyOf(certificate);
  if (record.matchingType === 0) return data.equals(record.certificate);
  return hash(record.matchingType === 1 ? 'sha256' : 'sha512', data, 'buffer').equals(record.certificate);
}

function publicKeyOf(certificate: X509Certificate): Buffer {
  return certificate.publicKey.export({ type: 'spki', format: 'der' });
}

/** As it stands in a zone: `3 1 1 …`. */
export function tlsaText({ usage, selector, matchingType, certificate }: TlsaRecord): string {
  return `${usage} ${selector} ${matchingType} ${certificate.toString('hex')}`;
}

/** The record to publish for a server's certificate: DANE-EE with the SHA-256 of its key. Source: RFC 7672 §3.1.1 */
export function certificateTlsa(certificate: X509Certificate): TlsaRecord {
  return { usage: 3, selector: 1, matchingType: 1, certificate: hash('sha256', publicKeyOf(certificate), 'buffer') };
}
