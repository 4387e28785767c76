import type { LiveDomains } from '../config/live-domains.ts';
import { normaliseDomain } from '../message/domain.ts';

/**
 * The domain that reports to others come from. They must pass DMARC themselves, so it is one whose mail is signed: that of this host
 * or one above it, and if there is none, any.
 * @returns A-labels; undefined when no mail is signed
 */
export function reportDomain(
  hostname: string,
  { addressBook, config }: Pick<LiveDomains, 'addressBook' | 'config'>,
): string | undefined {
  const signs = (domain: string): boolean => {
    const main = addressBook.mainDomain(domain);
    return main !== undefined && config.domains[main]!.dkim.sign.length > 0;
  };
  const labels = normaliseDomain(hostname).split('.');
  const above = labels.map((_, at) => labels.slice(at).join('.'));
  const found = [...above, ...Object.keys(config.domains)].find(signs);
  return found === undefined ? undefined : normaliseDomain(found);
}

/** Whether a report is on a domain of ours, or on one below it. @param domain A-labels */
export function isOurs(domain: string, { addressBook }: Pick<LiveDomains, 'addressBook'>): boolean {
  const labels = domain.split('.');
  return labels.some((_, at) => addressBook.isLocalDomain(labels.slice(at).join('.')));
}
