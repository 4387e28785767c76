import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

/** How often the loop is looked at. */
const resolutionMs = 5;

/**
 * Measures how late the event loop of this thread comes to what waits for it: how long one piece of work keeps everybody else waiting.
 * Each collection tells of the time since the one before.
 */
export function watchEventLoop(metrics: Metrics): Disposable {
  const gauge = metrics.gauge(
    'restante_event_loop_lag_seconds',
    'How late the event loop came to what waited for it, since the last collection',
  );
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  metrics.onCollect(() => {
    // What is measured is the time from one look to the next.
    const seconds = (nanoseconds: number): number => Math.max(nanoseconds / 1e9 - resolutionMs / 1000, 0);
    const seen = delays.count > 0;
    gauge.set(seen ? seconds(delays.percentile(99)) : 0, { quantile: '0.99' });
    gauge.set(seen ? seconds(delays.max) : 0, { quantile: '1' });
    delays.reset();
  });
  return {
    [Symbol.dispose]() {
      delays.disable();
    },
  };
}
