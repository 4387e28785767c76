import { expect, it } from 'vitest';
import { limits } from '../../runtime/limits.ts';
import { accountRate } from './account-rate.ts';
import type { Question } from './decision.ts';

function start() {
  const time = { now: 0 };
  const step = accountRate({ clock: { now: () => time.now } });
  const send = async (sizeBytes = 1000, name = 'me'): Promise<string> =>
    (await step({ message: { file: { sizeBytes } }, account: { name } } as unknown as Question))?.reason ?? 'taken';
  const flood = async (count: number, sizeBytes?: number): Promise<number> => {
    let taken = 0;
    for (let number = 0; number < count; number++) if ((await send(sizeBytes)) === 'taken') taken++;
    return taken;
  };
  return { time, send, flood };
}

it('takes so many messages of strangers in a minute, of each account', async () => {
  const { time, send, flood } = start();
  expect(await flood(limits.strangersPerMinute + 10)).toBe(limits.strangersPerMinute);
  expect(await send(1000, 'you')).toBe('taken');
  expect(await send()).toBe('account-rate');
  time.now += 60_000;
  expect(await send()).toBe('taken');
});

it('takes so many in an hour', async () => {
  const { time, flood } = start();
  let taken = 0;
  for (let minute = 0; minute < 59; minute++) {
    taken += await flood(limits.strangersPerMinute);
    time.now += 60_000;
  }
  expect(taken).toBe(limits.strangersPerHour);
});

it('takes so many bytes in a minute, and one message of any size', async () => {
  const { time, send } = start();
  expect(await send(limits.strangerBytesPerMinute + 1)).toBe('taken');
  expect(await send(1)).toBe('account-rate');
  time.now += 60_000;
  expect(await send(limits.strangerBytesPerMinute - 1)).toBe('taken');
  expect(await send(1)).toBe('taken');
  expect(await send(1)).toBe('account-rate');
});
