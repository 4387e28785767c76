import { describe, expect, it } from 'vitest';
import { casemapSortKey, unicodeCasemap } from './unicode-casemap.ts';

describe('i;unicode-casemap', () => {
  it.each([
    ['abc', 'ABC'],
    ['straße', 'STRA\u00DFE'],
    ['café', 'CAFE\u0301'],
    ['cafe\u0301', 'CAFE\u0301'],
    ['ÄÖÜ', 'A\u0308O\u0308U\u0308'],
    ['σς', 'ΣΣ'],
    ['ﬁn', 'fi\u004E'.replace('n', 'N')],
    ['ŉ', '\u02BCn'],
    ['ǆ ǅ Ǆ', 'Dz\u030C Dz\u030C Dz\u030C'],
    ['ǳǲǱ', 'DzDzDz'],
    ['ǌ', 'Nj'],
    ['ᾳ', '\u0391\u0345'],
    ['ᾀ', '\u0391\u0313\u0345'],
    ['ა', 'ა'],
    ['\u212A', 'K'],
    ['ı', 'I'],
    ['x²', 'X2'],
    ['한', '\u1112\u1161\u11AB'],
    ['𐐨', '𐐀'],
    ['', ''],
  ])('of %j is %j', (text, form) => {
    expect(unicodeCasemap(text)).toBe(form);
  });

  it('maps what is mapped to itself, but for what the letters of a ligature are', () => {
    for (let code = 1; code < 0x1_0000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const form = unicodeCasemap(String.fromCharCode(code));
      const again = unicodeCasemap(form);
      expect(unicodeCasemap(again), code.toString(16)).toBe(again);
    }
  });

  it('orders by octets', () => {
    const texts = ['b_', 'bA', '\uFF5E\uE000', '𐐀', 'Z', 'é', 'f'];
    const sorted = texts.toSorted((one, other) => (casemapSortKey(one) < casemapSortKey(other) ? -1 : 1));
    expect(sorted).toEqual(['bA', 'b_', 'é', 'f', 'Z', '\uFF5E\uE000', '𐐀']);
  });
});
