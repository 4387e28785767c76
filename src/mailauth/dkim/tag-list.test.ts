import { describe, expect, it } from 'vitest';
import { limits } from '../../runtime/limits.ts';
import { parseTagList } from './tag-list.ts';

describe('a tag list', () => {
  it('has values by name, without the blanks around them', () => {
    expect([...parseTagList(' a = b c\r\n\t;_ = '.replace('_', 'D_1'))]).toEqual([
      ['a', 'b c'],
      ['D_1', ''],
    ]);
    expect([...parseTagList('a=b=c;;'.slice(0, 6))]).toEqual([['a', 'b=c']]);
    expect(parseTagList('').size).toBe(0);
    for (const text of ['a', 'a=b;;c=d', '=b', '1=b', 'a b=c', 'a=b;a=c', ';']) {
      expect(() => parseTagList(text), text).toThrow(/is no tag|there twice/);
    }
  });

  it('is read in time with its length, whatever it is', () => {
    const started = performance.now();
    for (const part of [' ', '\r\n ', '=', 'a', '=;', ' ;']) {
      const text = `a=x${part.repeat(limits.headerBytes / part.length)}x`;
      try {
        expect(parseTagList(text).get('a')).toHaveLength(text.length - 2);
      } catch (error) {
        expect((error as Error).message).toMatch(/is no tag$/);
      }
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
