import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHeaderText } from './encode-header-text.ts';
import { decodeHeaderText } from './header-text.ts';

describe('decoded header text', () => {
  it.each([
    ['plain', 'plain'],
    ['=?utf-8?q?a_b=20c?=', 'a b c'],
    ['=?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?= <x>', 'Patrik Fältström <x>'],
    ['(=?utf-8?q?a?= =?utf-8?q?b?=)', '(ab)'],
    ['=?utf-8?q?a?=\t =?utf-8?B?Yg==?= c', 'ab c'],
    ['=?utf-8?q?a?= b =?utf-8?q?c?=', 'a b c'],
    ['=?utf-8?q?gr=C3?= =?utf-8?q?=BC=C3=9Fe?=', 'grüße'],
    ['=?iso-2022-jp?B?GyRCRnxLXDhsGyhC?=', '日本語'],
    ['=?gb2312?B?1tDOxA==?=', '中文'],
    ['=?koi8-r?B?8NLJ18XU?=', 'Привет'],
    ['=?windows-1251?Q?=CF=F0?=', 'Пр'],
    ['=?big5?B?pKSk5Q==?=', '中文'],
    ['=?shift_jis?B?k/qWew==?=', '日本'],
    ['=?euc-kr?B?x9GxuQ==?=', '한국'],
    ['=?utf-8*de?q?a=C3=A4?=', 'aä'],
    ['=?no-such?q?a=FC?=', 'aü'],
    ['=?utf-8?q?a=FC?=', 'aü'],
    ['=?utf-8?q?unfinished', '=?utf-8?q?unfinished'],
    ['=?utf-8?x?a?=', '=?utf-8?x?a?='],
    ['=?utf-8?q??=', ''],
    ['=?utf-8?q?broken=4?=', 'broken=4'],
    ['gr\xC3\xBC\xC3\x9Fe', 'grüße'],
    ['gr\xFC\xDFe', 'grüße'],
    ['schon Unicode: 日本', 'schon Unicode: 日本'],
    ['=?us-ascii?Q?Keith_Moore?=', 'Keith Moore'],
    ['a =?utf-8?q?b?=c', 'a bc'],
    ['=?utf-8?q?spaces in word?=', 'spaces in word'],
  ])('%j', (raw, text) => {
    expect(decodeHeaderText(raw)).toBe(text);
  });

  it('never fails', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '=?',
        '?=',
        '?',
        'utf-8',
        'utf-16',
        'utf-7',
        'hz',
        'q',
        'B',
        '=C3',
        '=',
        ' ',
        '\xFF',
        'QUI=',
        '+',
      ),
    );
    fc.assert(
      fc.property(pieces, (parts) => typeof decodeHeaderText(parts.join('')) === 'string'),
      { numRuns: 1000 },
    );
  });
});

describe('encoded header text', () => {
  it('comes back when decoded, in ASCII words of at most 75 characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (text) => {
        const encoded = encodeHeaderText(text);
        expect(encoded).toMatch(/^[\x20-\x7E]*$/);
        for (const word of encoded.split(' ')) if (word.startsWith('=?')) expect(word.length).toBeLessThanOrEqual(75);
        expect(decodeHeaderText(encoded)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('stays as it is when it can, and never starts a new field', () => {
    expect(encodeHeaderText('plain text')).toBe('plain text');
    expect(encodeHeaderText('grüße', { utf8: true })).toBe('grüße');
    expect(encodeHeaderText('a\r\nBcc: x')).toBe('a Bcc: x');
    expect(encodeHeaderText('=?x')).toBe('=?utf-8?q?=3D=3Fx?=');
  });
});
