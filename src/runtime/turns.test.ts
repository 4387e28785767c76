import { expect, it } from 'vitest';
import { nextTurn, turnEnd } from './turns.ts';

it('one of the line goes on in each round of the event loop, each in turn', async () => {
  let round = 0;
  let counting = true;
  const count = (): void => {
    round++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const turns: { who: string; round: number }[] = [];
  const work = async (who: string): Promise<void> => {
    for (let turn = 0; turn < 3; turn++) {
      await nextTurn();
      turns.push({ who, round });
    }
  };
  await Promise.all(['a', 'b', 'c'].map(work));
  counting = false;
  expect(turns.map(({ who }) => who).join('')).toBe('abcabcabc');
  expect(new Set(turns.map((turn) => turn.round)).size).toBe(turns.length);
});

it('what begins late in a round with others in line gets a short turn', async () => {
  const turnOf = (): number => {
    const began = performance.now();
    return turnEnd() - began;
  };
  // The least of some: something may come between the two looks at the time.
  const full = Math.min(turnOf(), turnOf(), turnOf());
  const inLine = nextTurn();
  const began = performance.now();
  while (performance.now() - began < 5);
  const short = turnEnd() - performance.now();
  expect(short).toBeLessThan(full * 0.75);
  await inLine;
  const resumed = performance.now();
  expect(turnEnd() - resumed).toBeGreaterThan(full / 2);
});
