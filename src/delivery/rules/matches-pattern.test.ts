import fc from 'fast-check';
import { expect, it } from 'vitest';
import { limits } from '../../runtime/limits.ts';
import { matchesPattern } from './matches-pattern.ts';

it.each([
  ['ada@example.net', 'Ada@Example.NET', true],
  ['ada@example.net', 'ada@example.net.evil.example', false],
  ['*@example.net', 'ada@example.net', true],
  ['*@example.net', 'ada@sub.example.net', false],
  ['*', '', true],
  ['**', 'anything', true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['*<team.lists.example>', 'The team <team.lists.example>', true],
  ['[build]*failed*', '[build] main failed again', true],
  ['[build]*failed*', '[build] main passed', false],
  ['a.c', 'abc', false],
])('%j, of %j: %s', (pattern, text, expected) => {
  expect(matchesPattern(pattern, text)).toBe(expected);
});

it('agrees with the regular expression that says the same', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
  fc.assert(
    fc.property(letters, text, (pattern, subject) => {
      const same = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(subject);
      expect(matchesPattern(pattern, subject)).toBe(same);
    }),
  );
});

it('takes no time for patterns and texts that make regular expressions hang', () => {
  const pattern = '*a'.repeat(limits.rulePatternCharacters / 2 - 1);
  const startedAt = performance.now();
  for (let time = 0; time < 100; time++) matchesPattern(`${pattern}*b`, 'a'.repeat(limits.ruleFieldCharacters));
  expect(performance.now() - startedAt).toBeLessThan(1000);
});
