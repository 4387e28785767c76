import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { watchEventLoop } from './event-loop-lag.ts';
import { Metrics } from './metrics.ts';

function lagOf(metrics: Metrics, quantile: string): number {
  const line = metrics
    .render()
    .split('\n')
    .find((each) => each.startsWith(`restante_event_loop_lag_seconds{quantile="${quantile}"}`));
  return Number(line?.split(' ')[1]);
}

function holdThread(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('what holds the thread is seen', async () => {
  const metrics = new Metrics();
  using _watch = watchEventLoop(metrics);
  await setTimeout(20);
  holdThread(200);
  // The look after it comes when the thread is free.
  let worst = 0;
  while (worst < 0.1) {
    await setTimeout(20);
    worst = lagOf(metrics, '1');
  }
  expect(worst).toBeLessThan(60);
});

test('while nothing was looked at, there is no lag', () => {
  const metrics = new Metrics();
  using _watch = watchEventLoop(metrics);
  expect(lagOf(metrics, '1')).toBe(0);
  expect(lagOf(metrics, '0.99')).toBe(0);
});
