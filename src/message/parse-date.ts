/** A parsed Date field. */
export interface HeaderDate {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  timestampMs: number;
  /** Minutes east of UTC that the sender wrote; IMAP SENTON compares the date in that zone (RFC 9051 §6.4.4). */
  offsetMinutes: number;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** RFC 5322 §4.3; military letters mean nothing reliable and count as -0000. */
const ZONES: ReadonlyMap<string, number> = new Map([
  ['ut', 0],
  ['utc', 0],
  ['gmt', 0],
  ['edt', -240],
  ['est', -300],
  ['cdt', -300],
  ['cst', -360],
  ['mdt', -360],
  ['mst', -420],
  ['pdt', -420],
  ['pst', -480],
  ['cet', 60],
  ['cest', 120],
  ['bst', 60],
  ['jst', 540],
]);

const DATE =
  /^(?:[A-Za-z]{3,9}\.?,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]*\.?,?[\s-]+(\d{2,4}),?(?:\s+(\d{1,2})\s*[:.]\s*(\d{1,2})(?:\s*[:.]\s*(\d{1,2})(?:[.,]\d+)?)?\s*([+-]\d{1,4}|[A-Za-z]{1,5}(?:[+-]\d{1,4})?)?)?/;

/** `Thu Jan  1 00:00:00 [zone] 1970`, as C's asctime writes it. */
const ASCTIME =
  /^(?:[A-Za-z]{3,9},?\s+)([A-Za-z]{3})[a-z]*\s+(\d{1,2}),?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s+(?:([+-]\d{4}|[A-Za-z]{1,5})\s+)?(\d{4})(?:\s+([+-]\d{4}))?/;

/** ISO 8601, from programs that never read the RFC. */
const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?/;

/**
 * Parses a Date value: RFC 5322 with its obsolete forms (two-digit years, zone names, comments), and forms of broken programs.
 * @returns undefined when there is no date in it, or one that doesn't exist
 * Source: RFC 5322 §3.3, §4.3
 */
export function parseDate(value: string): HeaderDate | undefined {
  const text = value
    .slice(0, 256)
    .replace(/\([^()]*\)/g, ' ')
    .trim();
  let match = DATE.exec(text);
  if (match !== null) {
    return build(year(match[3]!), month(match[2]!), match[1], match[4], match[5], match[6], match[7]);
  }
  match = ASCTIME.exec(text);
  if (match !== null) {
    return build(Number(match[7]), month(match[1]!), match[2], match[3], match[4], match[5], match[6] ?? match[8]);
  }
  match = ISO.exec(text);
  if (match !== null) {
    return build(Number(match[1]), Number(match[2]) - 1, match[3], match[4], match[5], match[6], match[7]);
  }
  return undefined;
}

function year(text: string): number {
  const number = Number(text);
  // RFC 5322 §4.3: 00 to 49 are 20xx, 50 to 99 and all three-digit years count from 1900.
  if (text.length === 2) return number < 50 ? 2000 + number : 1900 + number;
  return text.length === 3 ? 1900 + number : number;
}

function month(name: string): number {
  return MONTHS.indexOf(name.slice(0, 3).toLowerCase());
}

function build(
  years: number,
  months: number,
  day: string | undefined,
  hour = '0',
  minute = '0',
  second = '0',
  zone = '',
): HeaderDate | undefined {
  const days = Number(day);
  const hours = Number(hour);
  const minutes = Number(minute);
  // A leap second (60) is the second after.
  const seconds = Number(second);
  if (months < 0 || months > 11 || days < 1 || days > 31 || hours > 24 || minutes > 59 || seconds > 60)
    return undefined;
  const offsetMinutes = zoneOffset(zone);
  const date = new Date(0);
  date.setUTCFullYear(years, months, days);
  if (date.getUTCMonth() !== months) return undefined;
  const timestampMs = date.getTime() + ((hours * 60 + minutes - offsetMinutes) * 60 + seconds) * 1000;
  return { timestampMs, offsetMinutes };
}

function zoneOffset(zone: string): number {
  const match = /([+-])(\d{1,2}):?(\d{2})?$/.exec(zone);
  if (match === null) return ZONES.get(zone.toLowerCase()) ?? 0;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  if (minutes > 24 * 60) return 0;
  return match[1] === '-' ? -minutes : minutes;
}
