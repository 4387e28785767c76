import { recipientDomain } from './recipient-domain.ts';

/**
 * What addresses of one mailbox have in common, as far as a stranger can tell: lower case, Unicode NFC, without what follows "+", the
 * domain with A-labels. Other separators are part of many people's names.
 * @returns undefined for what is no address
 */
export function baseAddress(address: string): string | undefined {
  const domain = recipientDomain(address);
  if (domain === undefined) return undefined;
  const localpart = address.slice(0, address.lastIndexOf('@')).normalize('NFC').toLowerCase().normalize('NFC');
  const separator = localpart.indexOf('+');
  return `${separator > 0 ? localpart.slice(0, separator) : localpart}@${domain}`;
}
