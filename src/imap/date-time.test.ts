import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDateTime, parseDateTime, parseDay } from './date-time.ts';

describe('a date and time', () => {
  it('is read in its zone and written in UTC', () => {
    const time = parseDateTime(' 1-Jan-2026 00:30:00 +0100');
    expect(time).toBe(Date.UTC(2025, 11, 31, 23, 30));
    expect(formatDateTime(time!)).toBe('"31-Dec-2025 23:30:00 +0000"');
    expect(formatDateTime(Date.UTC(2026, 1, 3, 4, 5, 6))).toBe('" 3-Feb-2026 04:05:06 +0000"');
  });

  it.each([
    '31-Feb-2026 00:00:00 +0000',
    '01-Foo-2026 00:00:00 +0000',
    '01-Jan-2026 24:00:00 +0000',
    '1-Jan-2026 00:00:00 +0000',
    '01-Jan-2026 00:00:00',
    '01-Jan-26 00:00:00 +0000',
  ])('is not %s', (text) => {
    expect(parseDateTime(text)).toBeUndefined();
  });

  it('comes back as it was written, to the ends of time', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }), (seconds) => {
        expect(parseDateTime(formatDateTime(seconds * 1000).slice(1, -1))).toBe(seconds * 1000);
      }),
    );
    expect(formatDateTime(Number.MAX_SAFE_INTEGER)).toBe('"31-Dec-9999 23:59:59 +0000"');
    expect(formatDateTime(-Number.MAX_SAFE_INTEGER)).toBe('" 1-Jan-0000 00:00:00 +0000"');
  });
});

describe('a day', () => {
  it('is counted from 1970', () => {
    expect(parseDay('1-Jan-1970')).toBe(0);
    expect(parseDay('02-feb-1970')).toBe(32);
    expect(parseDay('30-Feb-1970')).toBeUndefined();
  });
});
