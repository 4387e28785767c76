import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../runtime/clock.ts';
import { limits } from '../../runtime/limits.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { IncomingMessage } from '../incoming-message.ts';
import type { DecisionStep } from './decision.ts';

/** Ends with the time, or when the signal fires, whichever comes first. */
type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/**
 * Makes senders wait about whom nothing is known, before the blocklists are asked: those that have just begun to send junk are listed
 * meanwhile, or do not have the patience. Decides nothing itself. Once for a message, whatever the number of its recipients; when many wait
 * already, nobody else does.
 * @param options.ending ends all waits: their messages go on at once
 */
export function firstTimeDelay(options: {
  delayMsOf: (account: string) => number;
  ending: AbortSignal;
  clock: Clock;
  metrics: Metrics;
  wait?: Wait;
}): DecisionStep {
  const { delayMsOf, ending, clock, wait = waitFor } = options;
  const counter = options.metrics.counter(
    'restante_first_time_delays_total',
    'Messages of senders that nothing is known of: made to wait, or let on as too many wait.',
  );
  const startedAt = new WeakMap<IncomingMessage['file'], number>();
  let waiting = 0;
  return async ({ message: { file }, sender, account, signal }) => {
    // A server of the user's own passes it on.
    if (sender.isForwarded === true) return undefined;
    const started = startedAt.get(file) ?? clock.now();
    const ms = delayMsOf(account.name) - (clock.now() - started);
    if (ms <= 0 || ending.aborted) return undefined;
    if (waiting >= limits.firstTimeDelays) {
      counter.add(1, { result: 'let-on' });
      return undefined;
    }
    if (!startedAt.has(file)) counter.add(1, { result: 'waited' });
    startedAt.set(file, started);
    waiting++;
    try {
      await wait(ms, AbortSignal.any([ending, signal]));
    } finally {
      waiting--;
    }
    return undefined;
  };
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
