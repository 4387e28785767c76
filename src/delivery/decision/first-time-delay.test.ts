import { describe, expect, it } from 'vitest';
import { limits } from '../../runtime/limits.ts';
import { Metrics } from '../../runtime/metrics.ts';
import type { Question } from './decision.ts';
import { firstTimeDelay } from './first-time-delay.ts';

const { signal } = new AbortController();

/** A step whose time is ours. */
function start(delays: Record<string, number>, options: { realWait?: boolean } = {}) {
  let now = 0;
  const waits: { ms: number; end: () => void }[] = [];
  const ending = new AbortController();
  const metrics = new Metrics();
  const step = firstTimeDelay({
    delayMsOf: (account) => delays[account] ?? 0,
    ending: ending.signal,
    clock: { now: () => now },
    metrics,
    ...(options.realWait
      ? {}
      : {
          wait: (ms: number) =>
            new Promise<void>((resolve) => {
              waits.push({
                ms,
                end: () => {
                  now += ms;
                  resolve();
                },
              });
            }),
        }),
  });
  const ask = (file: object, account = 'me', isForwarded = false) =>
    step({ message: { file }, sender: { isForwarded }, account: { name: account }, signal } as unknown as Question);
  return { ask, waits, ending, metrics };
}

describe('the delay of first-time senders', () => {
  it('is as long as the account says, and decides nothing', async () => {
    const { ask, waits } = start({ me: 15_000 });
    const asked = ask({});
    expect(waits.map(({ ms }) => ms)).toEqual([15_000]);
    waits[0]!.end();
    expect(await asked).toBeUndefined();
    expect(await ask({}, 'impatient')).toBeUndefined();
    expect(await ask({}, 'me', true)).toBeUndefined();
    expect(waits).toHaveLength(1);
  });

  it('is made once for a message: of several recipients the longest counts', async () => {
    const { ask, waits } = start({ me: 15_000, you: 15_000, they: 20_000 });
    const file = {};
    const first = ask(file);
    waits[0]!.end();
    await first;
    await ask(file, 'you');
    expect(waits).toHaveLength(1);
    const third = ask(file, 'they');
    expect(waits[1]!.ms).toBe(5_000);
    waits[1]!.end();
    await third;
  });

  it('is for so many messages at once, and no more', async () => {
    const { ask, waits, metrics } = start({ me: 15_000 });
    const asked = Array.from({ length: limits.firstTimeDelays }, () => ask({}));
    expect(await ask({})).toBeUndefined();
    expect(waits).toHaveLength(limits.firstTimeDelays);
    expect(metrics.render()).toContain('restante_first_time_delays_total{result="let-on"} 1');
    for (const { end } of waits) end();
    await Promise.all(asked);
    const again = ask({});
    expect(waits).toHaveLength(limits.firstTimeDelays + 1);
    waits.at(-1)!.end();
    await again;
  });

  it('ends when the server stops, and is not begun any more', async () => {
    const { ask, ending } = start({ me: 60_000 }, { realWait: true });
    const asked = ask({});
    ending.abort();
    expect(await asked).toBeUndefined();
    expect(await ask({})).toBeUndefined();
  });
});
