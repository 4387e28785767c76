import { describe, expect, it } from 'vitest';
import { ArgumentParser } from './argument-parser.ts';
import { parseSearchProgram, UnknownCharsetError } from './search-keys.ts';
import { ImapSyntaxError } from './syntax-error.ts';

const parse = (text: string) => parseSearchProgram(new ArgumentParser(text));

describe('search keys', () => {
  it('are joined by and, grouped, negated', () => {
    expect(parse('UNSEEN (OR FROM a NOT TO "b c") 1:3')).toEqual({
      kind: 'and',
      keys: [
        { kind: 'flag', flag: '\\Seen', set: false },
        {
          kind: 'or',
          keys: [
            { kind: 'header', field: 'from', value: 'a' },
            { kind: 'not', key: { kind: 'header', field: 'to', value: 'b c' } },
          ],
        },
        { kind: 'sequence', set: { saved: false, ranges: [1, 3] } },
      ],
    });
  });

  it('take text in UTF-8, also without CHARSET', () => {
    expect(parse('CHARSET utf-8 SUBJECT {2}\r\n\xc3\xbc')).toEqual({ kind: 'header', field: 'subject', value: 'ü' });
    expect(parse('SUBJECT "\xc3\xbc"')).toMatchObject({ value: 'ü' });
    expect(() => parse('SUBJECT "\xc3"')).toThrow(ImapSyntaxError);
    expect(() => parse('CHARSET US-ASCII SUBJECT "\xc3\xbc"')).toThrow(ImapSyntaxError);
    expect(() => parse('CHARSET KOI8-R ALL')).toThrow(UnknownCharsetError);
  });

  it.each([
    ['SENTSINCE 2-Jan-1970', { kind: 'sent', compare: 'since', day: 1 }],
    ['ON "2-Jan-1970"', { kind: 'received', compare: 'on', day: 1 }],
    ['MODSEQ "/flags/\\\\draft" all 620162338', { kind: 'modseq', modseq: 620_162_338 }],
    ['MODSEQ 7', { kind: 'modseq', modseq: 7 }],
    ['HEADER X-Foo ""', { kind: 'header', field: 'x-foo', value: '' }],
    ['UID $', { kind: 'uid', set: { saved: true, ranges: [] } }],
    ['YOUNGER 60', { kind: 'younger', seconds: 60 }],
    ['RECENT', { kind: 'recent' }],
    ['OLD', { kind: 'not', key: { kind: 'recent' } }],
    ['NEW', { kind: 'and', keys: [{ kind: 'recent' }, { kind: 'flag', flag: '\\Seen', set: false }] }],
  ])('read %s', (text, key) => {
    expect(parse(text)).toEqual(key);
  });

  it.each([
    '',
    'FOO',
    'NOT',
    'OR ALL',
    '(ALL',
    'ALL ',
    'ALL)',
    'OLDER 0',
    'KEYWORD',
    'BEFORE 31-Feb-2026',
    'MODSEQ "/x" all 1',
  ])('refuse %j', (text) => {
    expect(() => parse(text)).toThrow(ImapSyntaxError);
  });

  it('are limited in depth and number', () => {
    expect(() => parse('('.repeat(5000))).toThrow('nested too deeply');
    expect(() => parse(Array(2000).fill('ALL').join(' '))).toThrow('Too many search keys');
  });
});
