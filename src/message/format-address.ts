import { encodeHeaderText } from './encode-header-text.ts';

/** Dot-atom; RFC 6532 §3.2 adds everything beyond ASCII. */
const DOT_ATOM = /^[\w!#$%&'*+\-/=?^`{|}~\u{80}-\u{10FFFF}]+(?:\.[\w!#$%&'*+\-/=?^`{|}~\u{80}-\u{10FFFF}]+)*$/u;

/**
 * A localpart as it stands in an address: quoted where it must be.
 * Source: RFC 5321 §4.1.2, RFC 5322 §3.4.1, RFC 6531 §3.3
 */
export function quoteLocalpart(localpart: string): string {
  return DOT_ATOM.test(localpart) ? localpart : `"${localpart.replace(/["\\]/g, '\\$&')}"`;
}

/** `localpart@domain`, quoted where it must be; without domain (postmaster) only the localpart. */
export function formatAddress(localpart: string, domain: string): string {
  return domain === '' ? quoteLocalpart(localpart) : `${quoteLocalpart(localpart)}@${domain}`;
}

/**
 * A mailbox for From, To, …: `Name <address>`.
 * @param address already formatted
 * Source: RFC 5322 §3.4
 */
export function formatMailbox(name: string, address: string, options: { utf8?: boolean } = {}): string {
  if (name === '') return address;
  const encoded = encodeHeaderText(name, options);
  if (encoded.startsWith('=?') || /^[\w!#$%&'*+\-/=?^`{|}~ \u{80}-\u{10FFFF}]+$/u.test(encoded)) {
    return `${encoded} <${address}>`;
  }
  return `"${encoded.replace(/["\\]/g, '\\$&')}" <${address}>`;
}
