import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeXtext, encodeXtext } from './xtext.ts';

describe('xtext', () => {
  it('encodes what RFC 3461 §4 says', () => {
    expect(encodeXtext('a+b=c d')).toBe('a+2Bb+3Dc+20d');
  });

  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeXtext(encodeXtext(text))).toBe(text.toWellFormed());
      }),
    );
  });

  it.each(['a b', '+', '+2', '+2b', '=', 'ü', '+FF'])('refuses %j', (text) => {
    expect(decodeXtext(text)).toBeUndefined();
  });
});
