/** Hours that divide a day. */
const divisors = [1, 2, 3, 4, 6, 8, 12, 24] as const;

/**
 * How often a domain gets reports: not more often than it asks for, at times that are the same every day.
 * @param seconds the tag `ri`; undefined: it doesn't ask
 * @returns hours, which divide a day
 * Source: RFC 7489 §6.3; RFC 9990 knows a day only
 */
export function reportIntervalHours(seconds: number | undefined): number {
  if (seconds === undefined || seconds <= 0) return 24;
  return divisors.find((hours) => hours * 3600 >= seconds) ?? 24;
}
