import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listPatternMatcher } from './list-pattern.ts';

describe('a list pattern', () => {
  it.each([
    ['*', 'a/b', true],
    ['%', 'a', true],
    ['%', 'a/b', false],
    ['%/%', 'a/b', true],
    ['a*c', 'a/b/c', true],
    ['a%c', 'a/c', false],
    ['a', 'a', true],
    ['a', 'ab', false],
    ['', 'a', false],
    ['*%', 'a/b', true],
    ['inbox', 'Inbox', true],
    ['INBOX/%', 'Inbox/x', true],
    ['%b', 'ab', true],
  ])('%s against %s', (pattern, name, expected) => {
    expect(listPatternMatcher(pattern)(name)).toBe(expected);
  });

  it('takes no long time for many wildcards', () => {
    const matches = listPatternMatcher('*a'.repeat(500));
    const startedAt = performance.now();
    expect(matches('a'.repeat(499))).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it('matches as a regular expression of the pattern does', () => {
    const names = fc.stringMatching(/^[ab/]{0,12}$/);
    fc.assert(
      fc.property(fc.stringMatching(/^[ab/*%]{0,8}$/), names, names, (pattern, first, second) => {
        const form = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('%', '[^/]*')}$`);
        const matches = listPatternMatcher(pattern);
        for (const name of [first, second, first]) expect(matches(name)).toBe(form.test(name));
      }),
    );
  });
});
