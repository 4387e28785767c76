import { normaliseDomain } from '../message/domain.ts';

/** Addresses and domain names as operators write them in the configuration files. */

/** The one form of a domain name that is compared, undefined for what is no domain name. */
export function comparableDomain(domain: string): string | undefined {
  try {
    return normaliseDomain(domain);
  } catch {
    return undefined;
  }
}

export function isDomainName(domain: string): boolean {
  const comparable = comparableDomain(domain);
  return comparable !== undefined && !/^[\d.]+$/.test(comparable);
}

/** Splits at the last `@`. The localpart is plain text, without the quotes it may need in a message. */
export function splitAddress(address: string): { localpart: string; domain: string } | undefined {
  const at = address.lastIndexOf('@');
  if (at < 1 || at === address.length - 1) return undefined;
  return { localpart: address.slice(0, at), domain: address.slice(at + 1) };
}

/** RFC 5321 §4.5.3.1.1: a localpart has at most 64 octets. */
export function isEmailAddress(address: string): boolean {
  const parts = splitAddress(address);
  if (parts === undefined || !isDomainName(parts.domain)) return false;
  return Buffer.byteLength(parts.localpart) <= 64 && !/[\u0000-\u001f\u007f]/.test(parts.localpart);
}
