import { describe, expect, it } from 'vitest';
import { decodeXtext } from './xtext.ts';

describe('decodeXtext', () => {
  it.each([
    ['a+2Bb+3Dc+20d', 'a+b=c d'],
    ['+C3+BC@b.example', 'ü@b.example'],
    ['<>', '<>'],
    ['', ''],
  ])('decodes %j', (encoded, text) => {
    expect(decodeXtext(encoded)).toBe(text);
  });

  it.each(['a b', '+', '+2', '+2b', '=', 'ü', '+FF'])('refuses %j', (text) => {
    expect(decodeXtext(text)).toBeUndefined();
  });
});
