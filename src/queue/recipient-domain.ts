import { parseAddressLiteral, parseDomain } from '../smtp/domain.ts';

/**
 * The domain a recipient's mail goes to: A-labels in lower case, or an address literal.
 * @returns undefined when mail could not be sent there
 */
export function recipientDomain(address: string): string | undefined {
  const at = address.lastIndexOf('@');
  if (at < 1) return undefined;
  const domain = address.slice(at + 1);
  if (!domain.startsWith('[')) return parseDomain(domain);
  return parseAddressLiteral(domain) === undefined ? undefined : domain.toLowerCase();
}

/** The address with A-labels in its domain, as every peer takes it (RFC 6531 §3.2 wants either form). */
export function withAsciiDomain(address: string): string {
  const domain = recipientDomain(address);
  return domain === undefined ? address : `${address.slice(0, address.lastIndexOf('@'))}@${domain}`;
}
