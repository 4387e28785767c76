import { expect, it } from 'vitest';
import { judgeWords } from './junk-words.ts';

it.each([
  [0.96, { result: 'pass' }, 'junk-words'],
  [0.8, { result: 'pass' }, undefined],
  [0.8, { result: 'permerror' }, 'no-reverse-name'],
  [0.8, { result: 'fail' }, 'no-reverse-name'],
  [0.8, { result: 'temperror' }, undefined],
  [0.5, { result: 'permerror' }, undefined],
] as const)(
  'a message that is junk with probability %d, from a client whose name is %o: %s',
  (probability, reverseName, reason) => {
    expect(judgeWords(probability, 0.95, { reverseName })?.reason).toBe(reason);
  },
);

it('a server that passes mail on for the user needs no name', () => {
  expect(judgeWords(0.8, 0.95, { reverseName: { result: 'fail' }, isForwarded: true })).toBeUndefined();
});
