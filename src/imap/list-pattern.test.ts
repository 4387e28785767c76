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
});
