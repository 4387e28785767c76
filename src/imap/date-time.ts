const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const monthIndex = new Map(months.map((name, index) => [name.toLowerCase(), index]));
const dayMs = 86_400_000;

const dateTimeForm = /^([ \d]\d)-([a-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/i;
const dateForm = /^(\d{1,2})-([a-z]{3})-(\d{4})$/i;

/**
 * @param text `" 1-Jan-2026 00:00:00 +0100"` without the quotes
 * @returns milliseconds since 1970, or undefined for what is no date
 * Source: RFC 9051 §9 `date-time`
 */
export function parseDateTime(text: string): number | undefined {
  const match = dateTimeForm.exec(text);
  if (match === null) return undefined;
  const [, day, month, year, hour, minute, second, sign, zoneHour, zoneMinute] = match;
  const date = dayOf(Number(year), month, Number(day));
  if (date === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  if (Number(zoneMinute) > 59) return undefined;
  const zone = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === '-' ? -1 : 1);
  return date * dayMs + (Number(hour) * 3600 + Number(minute) * 60 + Number(second) - zone * 60) * 1000;
}

/**
 * @param text `1-Jan-2026`
 * @returns days since 1970-01-01, or undefined
 * Source: RFC 9051 §9 `date-text`
 */
export function parseDay(text: string): number | undefined {
  const match = dateForm.exec(text);
  return match === null ? undefined : dayOf(Number(match[3]), match[2], Number(match[1]));
}

function dayOf(year: number, monthName: string, day: number): number | undefined {
  const month = monthIndex.get(monthName.toLowerCase());
  if (month === undefined) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date.getUTCDate() === day && date.getUTCMonth() === month ? date.getTime() / dayMs : undefined;
}

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

let lastDay = Number.NaN;
let lastDayText = '';

/** Writes a time as INTERNALDATE, quotes included, in UTC. Years before 0 and after 9999, which the form can't write, are cut. */
export function formatDateTime(timeMs: number): string {
  const seconds = Math.floor(Math.min(Math.max(timeMs, -62_167_219_200_000), 253_402_300_799_000) / 1000);
  const day = Math.floor(seconds / 86_400);
  if (day !== lastDay) {
    const date = new Date(day * dayMs);
    const dayOfMonth = date.getUTCDate();
    const year = String(date.getUTCFullYear()).padStart(4, '0');
    lastDayText = `"${dayOfMonth < 10 ? ' ' : ''}${dayOfMonth}-${months[date.getUTCMonth()]}-${year} `;
    lastDay = day;
  }
  const rest = seconds - day * 86_400;
  const hour = Math.floor(rest / 3600);
  return `${lastDayText}${two(hour)}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)} +0000"`;
}
