/** When a recipient is tried again. */
export interface Backoff {
  /** From the first attempt to the second; each later wait is twice the one before. */
  readonly firstDelayMs: number;
  /** The last of them is final. */
  readonly attempts: number;
  /** The attempt whose failure the sender is told of with a delay DSN. */
  readonly delayNoticeAttempt: number;
}

/**
 * Eight attempts over some 16 hours, and word to the sender after two. RFC 5321 §4.5.4.1 has 4 to 5 days in mind; people want to
 * know within a day, and what was meant to be up is up by then. An operator who prefers days sets more attempts.
 */
export const defaultBackoff: Backoff = { firstDelayMs: 450_000, attempts: 8, delayNoticeAttempt: 5 };

/**
 * @param attempts made so far, the failed one included
 * @param random 0 to 1: spreads by a tenth either way, so that what failed together doesn't come back together
 * @returns milliseconds to wait, or undefined when that attempt was the last
 */
export function nextAttemptDelay(attempts: number, backoff: Backoff, random: number): number | undefined {
  if (attempts >= backoff.attempts) return undefined;
  const delayMs = backoff.firstDelayMs * 2 ** (attempts - 1);
  return Math.round(delayMs * (0.9 + 0.2 * random));
}

/** How long the attempts that are left will take together, without jitter: the first of them comes after `firstWaitMs`. */
export function remainingRetryTime(attempts: number, firstWaitMs: number, backoff: Backoff): number {
  let total = firstWaitMs;
  for (let attempt = attempts + 1; attempt < backoff.attempts; attempt++)
    total += backoff.firstDelayMs * 2 ** (attempt - 1);
  return total;
}
