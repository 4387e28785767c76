import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { ChangeTeller } from './change-teller.ts';
import { ResponseWriter } from './response-writer.ts';
import type { Session } from './session.ts';

const session = { out: new ResponseWriter(new PassThrough(), 60_000) } as Session;

async function roundsOf(count: number): Promise<void> {
  for (let round = 0; round < count; round++) await new Promise((next) => setImmediate(next));
}

it('of many that are woken at once each looks in a round of its own', async () => {
  let round = 0;
  const looks: number[] = [];
  const tellers = Array.from({ length: 5 }, () => new ChangeTeller(session, async () => void looks.push(round)));
  for (const teller of tellers) {
    teller.lookAgain();
    teller.lookAgain();
  }
  expect(looks).toEqual([]);
  for (; round < 10; round++) await roundsOf(1);
  expect(looks).toHaveLength(5);
  expect(new Set(looks).size).toBe(5);
});

it('that is paused while it stands in line looks when it is resumed, once', async () => {
  let looks = 0;
  const teller = new ChangeTeller(session, async () => void looks++);
  teller.lookAgain();
  await teller.pause();
  await roundsOf(3);
  expect(looks).toBe(0);
  teller.resume();
  await roundsOf(5);
  expect(looks).toBe(1);
});

it('looks once more for what happens during a look', async () => {
  let looks = 0;
  const teller: ChangeTeller = new ChangeTeller(session, async () => {
    looks++;
    await roundsOf(1);
    if (looks === 1) for (let change = 0; change < 3; change++) teller.lookAgain();
  });
  teller.lookAgain();
  await roundsOf(10);
  expect(looks).toBe(2);
  expect(teller.busy).toBe(false);
});
