import { trimBlanks } from '../../message/trim-blanks.ts';

export type DmarcPolicy = 'none' | 'quarantine' | 'reject';

export interface DmarcRecord {
  readonly policy: DmarcPolicy;
  /** For domains below. */
  readonly subdomainPolicy: DmarcPolicy;
  /** For domains below that don't exist. */
  readonly nonexistentPolicy: DmarcPolicy;
  readonly strictDkim: boolean;
  readonly strictSpf: boolean;
  /** Whether the domain is one below which others register theirs; undefined: it doesn't say. */
  readonly isPublicSuffix: boolean | undefined;
  /** The domain tries its policy out: one that is a step milder is to be used. */
  readonly isTest: boolean;
  /** Addresses for aggregate reports, as they are written. */
  readonly aggregateReports: readonly string[];
  /** How often it wants them, in seconds; undefined: it doesn't say. Source: RFC 7489 §6.3; RFC 9989 has it no more */
  readonly reportInterval?: number;
}

export function isDmarcRecord(text: string): boolean {
  return /^v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text);
}

/**
 * @param text of which isDmarcRecord holds. Tags that are unknown or wrong are passed over, as if they were not there
 * @returns undefined without a policy and without anybody to report to
 * Source: RFC 9989 §4.7
 */
export function parseDmarcRecord(text: string): DmarcRecord | undefined {
  const tags = new Map<string, string>();
  for (const part of text.split(';').slice(1)) {
    // No pattern for the whole: with one, a value of many blanks would take time with the square of their number.
    const equals = part.indexOf('=');
    const name = trimBlanks(part.slice(0, Math.max(equals, 0))).toLowerCase();
    if (/^[a-z]+$/.test(name) && !tags.has(name)) tags.set(name, trimBlanks(part.slice(equals + 1)));
  }
  const aggregateReports = (tags.get('rua') ?? '')
    .split(',')
    .map((uri) => uri.trim())
    .filter((uri) => /^[a-z][a-z0-9+.-]*:/i.test(uri));
  const policy = policyOf(tags.get('p')) ?? (aggregateReports.length > 0 ? 'none' : undefined);
  if (policy === undefined) return undefined;
  const subdomainPolicy = policyOf(tags.get('sp')) ?? policy;
  const interval = tags.get('ri');
  const psd = tags.get('psd')?.toLowerCase();
  return {
    policy,
    subdomainPolicy,
    nonexistentPolicy: policyOf(tags.get('np')) ?? subdomainPolicy,
    strictDkim: tags.get('adkim')?.toLowerCase() === 's',
    strictSpf: tags.get('aspf')?.toLowerCase() === 's',
    isPublicSuffix: psd === 'y' ? true : psd === 'n' ? false : undefined,
    isTest: tags.get('t')?.toLowerCase() === 'y',
    aggregateReports,
    ...(interval !== undefined && /^\d{1,9}$/.test(interval) ? { reportInterval: Number(interval) } : {}),
  };
}

function policyOf(text: string | undefined): DmarcPolicy | undefined {
  const policy = text?.toLowerCase();
  return policy === 'none' || policy === 'quarantine' || policy === 'reject' ? policy : undefined;
}
