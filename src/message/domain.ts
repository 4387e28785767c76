import { toASCII, toUnicode } from 'tr46';
import { RestanteError } from '../runtime/errors.ts';

/** The text is no domain name that mail could use. */
export class InvalidDomainError extends RestanteError {
  constructor(domain: string, detail: string) {
    super('invalid-domain', `Cannot use domain "${domain}": ${detail}`);
  }
}

/** An all-ASCII name that needs no IDNA processing. */
const PLAIN = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** No name of 253 bytes (RFC 1035 §2.3.4) is longer before it is encoded; keeps long rubbish from costing time. */
const MAX_INPUT = 1000;

const OPTIONS = {
  checkBidi: true,
  checkHyphens: true,
  checkJoiners: true,
  useSTD3ASCIIRules: true,
  verifyDNSLength: true,
} as const;

/**
 * The one form in which domains are stored and compared: lower case, A-labels, no dot at the end.
 * @param domain A-labels, U-labels, any case
 * @throws InvalidDomainError
 * Source: RFC 5890 §2.3.2, UTS #46; RFC 5321 §2.3.5
 */
export function normaliseDomain(domain: string): string {
  const text = (domain.endsWith('.') ? domain.slice(0, -1) : domain).toLowerCase();
  // Also names with `--` in the wrong place (UTS #46 §4.1): they exist, and mail must reach them.
  if (PLAIN.test(text) && !text.includes('xn--')) return text;
  const ascii = text.length > MAX_INPUT ? null : toASCII(text, OPTIONS);
  if (ascii === null || ascii === '') throw new InvalidDomainError(domain, 'a label is invalid or too long');
  return ascii;
}

/** The readable form (U-labels) of a normalised domain; labels that can't be shown safely stay as they are. */
export function unicodeDomain(ascii: string): string {
  if (!ascii.includes('xn--')) return ascii;
  const { domain, error } = toUnicode(ascii, OPTIONS);
  return error ? ascii : domain;
}
