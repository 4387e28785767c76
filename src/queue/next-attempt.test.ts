import { describe, expect, it } from 'vitest';
import { defaultBackoff, nextAttemptDelay, remainingRetryTime } from './next-attempt.ts';

describe('the time of the next attempt', () => {
  it('doubles, spread by a tenth either way, and ends with the last attempt', () => {
    expect(nextAttemptDelay(1, defaultBackoff, 0)).toBe(405_000);
    expect(nextAttemptDelay(1, defaultBackoff, 1)).toBe(495_000);
    expect(nextAttemptDelay(7, defaultBackoff, 0.5)).toBe(8 * 3600_000);
    expect(nextAttemptDelay(8, defaultBackoff, 0.5)).toBeUndefined();
    expect(nextAttemptDelay(20, defaultBackoff, 0.5)).toBeUndefined();
  });

  it('adds up to what a delay DSN promises', () => {
    expect(remainingRetryTime(7, 1000, defaultBackoff)).toBe(1000);
    expect(remainingRetryTime(5, 2 * 3600_000, defaultBackoff)).toBe(14 * 3600_000);
  });
});
