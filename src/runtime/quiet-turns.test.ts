import { expect, it } from 'vitest';
import { QuietTurns } from './quiet-turns.ts';

it('gives a turn when nothing has changed for a while', () => {
  const turns = new QuietTurns({ quietMs: 10, mostMs: 100 });
  expect(turns.next()).toBeUndefined();
  turns.note('one', 1000);
  expect(turns.next()).toEqual({ name: 'one', at: 1010 });
  turns.note('one', 1009);
  expect(turns.next()).toEqual({ name: 'one', at: 1019 });
});

it('does not put off for ever who changes all the time', () => {
  const turns = new QuietTurns({ quietMs: 10, mostMs: 100 });
  for (let now = 1000; now < 1200; now += 5) turns.note('one', now);
  expect(turns.next()).toEqual({ name: 'one', at: 1100 });
});

it('gives each its turn, and those that change in it another', () => {
  const turns = new QuietTurns({ quietMs: 10, mostMs: 100 });
  turns.note('busy', 1000);
  turns.note('quiet', 1001);
  turns.note('busy', 1002);
  expect(turns.next()).toEqual({ name: 'quiet', at: 1011 });
  turns.take('quiet');
  expect(turns.next()).toEqual({ name: 'busy', at: 1012 });
  turns.take('busy');
  expect(turns.next()).toBeUndefined();
  turns.note('busy', 1013);
  expect(turns.next()).toEqual({ name: 'busy', at: 1023 });
});
