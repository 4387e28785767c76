import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDate } from './format-date.ts';
import { parseDate } from './parse-date.ts';

describe('dates', () => {
  it.each([
    ['Fri, 21 Nov 1997 09:55:06 -0600', '1997-11-21T15:55:06Z', -360],
    ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06Z', 0],
    ['Fri, 21 Nov 1997 09(comment):   55  :  06 -0600', '1997-11-21T15:55:06Z', -360],
    ['Thu, 13 Feb 1969 23:32 -0330', '1969-02-14T03:02:00Z', -210],
    ['Mon, 1 Jan 2024 00:00:00 EST', '2024-01-01T05:00:00Z', -300],
    ['Mon, 1 Jan 2024 00:00:00 +0530 (IST)', '2023-12-31T18:30:00Z', 330],
    ['1 January 2024 12:00:00 Z', '2024-01-01T12:00:00Z', 0],
    ['Mon,1 Jan 2024 12:00:00', '2024-01-01T12:00:00Z', 0],
    ['Mon, 1-Jan-2024 12:00:00 +0000', '2024-01-01T12:00:00Z', 0],
    ['Mon, 01 Jan 2024 12:00:00 GMT+0200', '2024-01-01T10:00:00Z', 120],
    ['Mon Jan  1 12:00:00 2024', '2024-01-01T12:00:00Z', 0],
    ['Mon Jan  1 12:00:00 PST 2024', '2024-01-01T20:00:00Z', -480],
    ['2024-01-01 12:00:00+01:00', '2024-01-01T11:00:00Z', 60],
    ['2024-01-01T12:00:00.123Z', '2024-01-01T12:00:00Z', 0],
    ['1 Jan 2024', '2024-01-01T00:00:00Z', 0],
    ['1 Jan 100 00:00:00 +0000', '2000-01-01T00:00:00Z', 0],
    ['31 Dec 2016 23:59:60 +0000', '2017-01-01T00:00:00Z', 0],
    ['1 Jan 2024 12.30.15 +0000', '2024-01-01T12:30:15Z', 0],
  ])('%s', (text, iso, offset) => {
    expect(parseDate(text)).toEqual({ timestampMs: Date.parse(iso), offsetMinutes: offset });
  });

  it.each(['', 'yesterday', '31 Feb 2024 00:00:00 +0000', '1 Foo 2024', '1 Jan 2024 25:00:00 +0000', '0 Jan 2024'])(
    'that make no sense are undefined: %j',
    (text) => {
      expect(parseDate(text)).toBeUndefined();
    },
  );

  it('come back when formatted', () => {
    const seconds = fc.integer({ min: 0, max: 4_102_444_800 });
    fc.assert(
      fc.property(seconds, fc.integer({ min: -14 * 60, max: 14 * 60 }), (time, offset) => {
        expect(parseDate(formatDate(time * 1000, offset))).toEqual({ timestampMs: time * 1000, offsetMinutes: offset });
      }),
    );
  });

  it('never fail', () => {
    const pieces = fc.array(
      fc.constantFrom('1', '12', ' ', ':', '-', '+', 'Jan', 'Mon', ',', '2024', '99', '.', '(', ')', 'Z', 'T'),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const date = parseDate(parts.join(''));
        if (date !== undefined) expect(Number.isFinite(date.timestampMs)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
