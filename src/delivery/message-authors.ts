import { normaliseDomain } from '../message/domain.ts';
import { headerValues, splitHeader } from '../message/header-fields.ts';
import { parseAddressList } from '../message/parse-address-list.ts';

export interface Author {
  /** Lower case. */
  readonly localpart: string;
  /** A-labels. */
  readonly domain: string;
}

/**
 * @param header one character for each byte (latin1)
 * @returns the authors; none unless there is one From field, in which all addresses are valid
 * Source: RFC 5322 §3.6.2; RFC 9989 §5.3.1
 */
export function messageAuthors(header: string): Author[] {
  const values = headerValues(header, splitHeader(header), 'from');
  if (values.length !== 1) return [];
  const authors: Author[] = [];
  for (const { localpart, domain } of parseAddressList(values[0]!)) {
    try {
      authors.push({ localpart: localpart.toLowerCase(), domain: normaliseDomain(domain) });
    } catch {
      return [];
    }
  }
  return authors;
}

/** Each once. */
export function authorDomains(authors: readonly Author[]): string[] {
  return [...new Set(authors.map(({ domain }) => domain))];
}
