const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * A Date or Received date, such as `Mon, 23 Nov 2026 21:28:13 +0000`.
 * @param timestampMs milliseconds since 1970
 * @param offsetMinutes minutes east of UTC of the zone to write
 * Source: RFC 5322 §3.3
 */
export function formatDate(timestampMs: number, offsetMinutes = 0): string {
  const date = new Date(timestampMs + offsetMinutes * 60_000);
  const zone = Math.abs(offsetMinutes);
  return (
    `${DAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${pad(date.getUTCFullYear(), 4)} ` +
    `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())} ` +
    `${offsetMinutes < 0 ? '-' : '+'}${pad(Math.trunc(zone / 60))}${pad(zone % 60)}`
  );
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0');
}
