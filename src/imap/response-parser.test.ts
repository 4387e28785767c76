import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ImapResponseError, ResponseParser, streamedLiteral } from './response-parser.ts';

const parse = (...texts: string[]) => {
  const literals = texts.slice(1).map((_, at) => `literal ${at}`);
  return new ResponseParser({ texts, literals }, 0).values();
};

describe('parsing what a server answers', () => {
  it('tells lists, strings, atoms and NIL', () => {
    expect(parse('(\\HasChildren \\Sent) "/" "a \\"b\\" \\\\c"')).toEqual([
      ['\\HasChildren', '\\Sent'],
      '/',
      'a "b" \\c',
    ]);
    expect(parse('(("" "/")) NIL nil "NIL"')).toEqual([[['', '/']], null, null, 'NIL']);
    expect(parse('()')).toEqual([[]]);
    expect(parse('')).toEqual([]);
  });

  it('puts literals where they were', () => {
    expect(parse('() "/" ', '')).toEqual([[], '/', 'literal 0']);
    expect(parse('(UID 1 X ', ' BODY[] ', ' FLAGS (\\Seen))')).toEqual([
      ['UID', '1', 'X', 'literal 0', 'BODY[]', 'literal 1', 'FLAGS', ['\\Seen']],
    ]);
    const streamed = { texts: ['(BODY[] ', ' UID 7)'], literals: [streamedLiteral] } as const;
    expect(new ResponseParser(streamed, 0).values()).toEqual([['BODY[]', streamedLiteral, 'UID', '7']]);
  });

  it('takes sections as one name, and brackets in flags as they are', () => {
    expect(parse('(BODY[HEADER.FIELDS (DATE FROM)]<0> "x" FLAGS (a[b [c))')).toEqual([
      ['BODY[HEADER.FIELDS (DATE FROM)]<0>', 'x', 'FLAGS', ['a[b', '[c']],
    ]);
  });

  it.each(['(', '(a', '"a', ')', 'a)', '"a\\', '('.repeat(21)])('refuses %j', (text) => {
    expect(() => parse(text)).toThrow(ImapResponseError);
  });

  it('ends with values or with an error, whatever comes', () => {
    const piece = fc.oneof(
      fc.constantFrom('(', ')', '"', '\\', ' ', 'NIL', 'BODY[', ']', '{3}', 'FLAGS', 'é', '\u0000'),
      fc.string({ maxLength: 5 }),
    );
    const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (texts) => {
        try {
          parse(...texts);
        } catch (error) {
          expect(error).toBeInstanceOf(ImapResponseError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
