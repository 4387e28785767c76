import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { saslprep } from './saslprep.ts';

describe('saslprep', () => {
  it('prepares the examples of RFC 4013 §3', () => {
    expect(saslprep('I\u00adX')).toBe('IX');
    expect(saslprep('user')).toBe('user');
    expect(saslprep('USER')).toBe('USER');
    expect(saslprep('\u00aa')).toBe('a');
    expect(saslprep('\u2168')).toBe('IX');
    expect(saslprep('\u0007')).toBeUndefined();
    expect(saslprep('\u0627\u0031')).toBeUndefined();
  });

  it('maps all spaces to the ASCII space', () => {
    expect(saslprep('a\u00a0b\u3000c\u2009d')).toBe('a b c d');
  });

  it('refuses controls, private use, noncharacters, surrogates and tags', () => {
    for (const text of ['a\0', '\u0085', '\ue000', '\ufffe', '\ud800', '\u{e0041}', '\u{10ffff}', '\u202e'])
      expect(saslprep(`x${text}y`)).toBeUndefined();
  });

  it('accepts right-to-left text and refuses it mixed with left-to-right letters', () => {
    expect(saslprep('\u05d0\u05d1')).toBe('\u05d0\u05d1');
    expect(saslprep('\u05d0b\u05d1')).toBeUndefined();
  });

  it('accepts newer characters than Unicode 3.2', () => {
    expect(saslprep('pass 🔑 word')).toBe('pass 🔑 word');
  });

  it('changes nothing when applied to its own result', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const once = saslprep(text);
        if (once !== undefined) expect(saslprep(once)).toBe(once);
      }),
    );
  });
});
