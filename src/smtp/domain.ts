import { isIPv4, isIPv6 } from 'node:net';
import { normaliseDomain } from '../message/domain.ts';

const asciiDomain = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

/**
 * Reads a domain name, with U-labels (RFC 6531 §3.3) or without.
 * @returns the one form that is compared, stored and sent: lower case with A-labels; undefined for what is no domain name
 * Source: RFC 5321 §4.1.2 and §2.3.5, RFC 5890 §2.3.2.1, RFC 1035 §2.3.4
 */
export function parseDomain(text: string): string | undefined {
  // 255 octets on the wire of DNS are 253 characters.
  if (text.length === 0 || text.length > 253) return undefined;
  const lower = text.toLowerCase();
  if (asciiDomain.test(text)) {
    for (let start = 0; start <= text.length; ) {
      const dot = text.indexOf('.', start);
      const end = dot === -1 ? text.length : dot;
      if (end - start > 63) return undefined;
      start = end + 1;
    }
    if (!lower.includes('xn--')) return lower;
  } else if (/^[\u0000-\u007f]*$/.test(text)) return undefined;
  try {
    const ascii = normaliseDomain(text);
    return asciiDomain.test(ascii) ? ascii : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads an address literal, brackets included.
 * @returns the IP address, or undefined for what is none, general address literals included: no tag but IPv6 is registered
 * Source: RFC 5321 §4.1.3
 */
export function parseAddressLiteral(text: string): string | undefined {
  const inner = /^\[([^[\]]{1,64})\]$/.exec(text)?.[1];
  if (inner === undefined) return undefined;
  if (isIPv4(inner)) return inner;
  if (!/^IPv6:/i.test(inner)) return undefined;
  const address = inner.slice(5);
  return isIPv6(address) && !address.includes('%') ? address.toLowerCase() : undefined;
}
