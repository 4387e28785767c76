import { normaliseDomain } from '../../../message/domain.ts';

/** Where a domain wants reports. */
export interface ReportUri {
  readonly localpart: string;
  /** A-labels. */
  readonly domain: string;
  /** Larger messages are not wanted. */
  readonly maxBytes: number | undefined;
}

const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/**
 * @param text one URI of `rua`, such as `mailto:reports@example.org!10m`
 * @returns undefined for what mail cannot be sent to
 * Source: RFC 7489 §6.2, §6.4, for the size that RFC 9989 has no more; RFC 6068
 */
export function parseReportUri(text: string): ReportUri | undefined {
  const [, encoded, digits, unit = ''] = /^mailto:([^?!]+)(?:\?[^!]*)?(?:!(\d{1,15})([kmgt]?))?$/i.exec(text) ?? [];
  if (encoded === undefined) return undefined;
  try {
    const address = decodeURIComponent(encoded);
    // An address that would need quotes, or that hides another, is nobody's for reports.
    const [, localpart, domain] = /^([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64})@([^@]+)$/.exec(address) ?? [];
    if (localpart === undefined || /^\.|\.\.|\.$/.test(localpart)) return undefined;
    const maxBytes = digits === undefined ? undefined : Number(digits) * units[unit.toLowerCase()]!;
    return { localpart, domain: normaliseDomain(domain!), maxBytes };
  } catch {
    return undefined;
  }
}
