import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';

const hourMs = 60 * 60 * 1000;
/** After the hour, so that what was under way is written down, and not everybody asks the DNS at once. */
const afterHourMs = 90_000;

/** Does something at the start and then each hour. Ends when the signal does; what fails waits for the next hour. */
export async function runHourly(
  work: () => Promise<void>,
  options: {
    /** Of the failure, for the log. */
    what: string;
    clock: Clock;
    log: Log;
    /** Waits, or throws the signal's reason. */
    wait: (ms: number, signal: AbortSignal) => Promise<void>;
    signal: AbortSignal;
  },
): Promise<void> {
  const { what, clock, log, wait, signal } = options;
  while (!signal.aborted) {
    try {
      await work();
    } catch (error) {
      if (signal.aborted) return;
      log.error({ err: error }, `${what} not sent: tried again in an hour`);
    }
    try {
      await wait(hourMs - (clock.now() % hourMs) + afterHourMs, signal);
    } catch {
      return;
    }
  }
}
