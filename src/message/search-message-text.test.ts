import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { searchMessageText } from './search-message-text.ts';
import { parseStructure } from './structure-parser.ts';
import { TextMatcher } from './text-matcher.ts';

function search(message: Buffer | string, text: string, options = { headers: false }): boolean {
  const bytes = typeof message === 'string' ? Buffer.from(message) : message;
  return searchMessageText(bytes, parseStructure(bytes), new TextMatcher(text), options);
}

describe('text matcher', () => {
  it.each([
    ['Hello World', 'lo wo', true],
    ['Grüße', 'GRÜSSE', false],
    ['Grüße', 'grÜß', true],
    ['ΣΊΣΥΦΟΣ', 'σίσυφος', true],
    ['Cafe\u0301', 'café', true],
    ['Café', 'CAFE', true],
    ['Cafe', 'café', false],
    ['x2', 'X²', true],
    ['ﬁn', 'ﬁN', true],
    ['fin', 'ﬁN', false],
    ['\u212Aelvin', 'kelvin', true],
    ['Привет', 'ПРИВЕТ', true],
    ['abc', '', true],
    ['abc', 'abcd', false],
  ])('%j has %j: %s', (text, needle, found) => {
    const matcher = new TextMatcher(needle);
    expect(matcher.matchesText(text)).toBe(found);
    expect(matcher.start().push(text)).toBe(found);
  });

  it('finds the same in chunks and in bytes as in the whole text', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'A', 'b', ' '), maxLength: 40 });
    const needle = fc.string({ unit: fc.constantFrom('a', 'B', ' '), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(text, needle, fc.integer({ min: 1, max: 7 }), (haystack, wanted, size) => {
        const matcher = new TextMatcher(wanted);
        const expected = haystack.toLowerCase().includes(wanted.toLowerCase());
        const scan = matcher.start();
        let found = false;
        for (let start = 0; start < haystack.length; start += size)
          found = scan.push(haystack.slice(start, start + size)) || found;
        expect(found).toBe(expected);
        expect(matcher.matchesBytes(Buffer.from(haystack))).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('finds text across the borders of its chunks of bytes', () => {
    for (const at of [32_760, 32_767, 32_768, 65_530]) {
      const bytes = Buffer.alloc(100_000, 'x');
      bytes.write('NeedLe', at);
      expect(new TextMatcher('needle').matchesBytes(bytes)).toBe(true);
      expect(new TextMatcher('needles').matchesBytes(bytes)).toBe(false);
    }
  });
});

describe('search in messages', () => {
  it('finds what a delivery report says', () => {
    const message =
      'Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n' +
      'Reporting-MTA: dns; mx.example\r\n\r\nAction: failed\r\n--b\r\nContent-Type: image/gif\r\n\r\nGIF89a\r\n--b--\r\n';
    expect(search(message, 'action: failed')).toBe(true);
    expect(search(message, 'GIF89a')).toBe(false);
  });

  it('finds letters by what they are made of, in every charset', () => {
    for (const [charset, bytes] of [
      ['utf-8', 'caf\u00C3\u00A9'],
      ['iso-8859-1', 'caf\u00E9'],
    ]) {
      const head = `Content-Type: text/plain; charset=${charset}\r\n\r\n`;
      const message = Buffer.from(`${head}${bytes}\r\n`, 'latin1');
      for (const needle of ['CAFE', 'café', 'cafe\u0301', 'Caf']) expect(search(message, needle), needle).toBe(true);
      expect(search(message, 'cafes')).toBe(false);
    }
  });

  it('finds header text only when asked to, decoded and unfolded', () => {
    const message = 'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n  from me\r\nX: a\r\n\tb\r\n\r\nbody\r\n';
    expect(search(message, 'grüße  FROM', { headers: true })).toBe(true);
    expect(search(message, 'a\tb', { headers: true })).toBe(true);
    expect(search(message, 'grüße')).toBe(false);
    expect(search(message, 'BODY')).toBe(true);
    expect(search(message, 'body', { headers: true })).toBe(true);
  });

  it('finds text in every encoding and charset', () => {
    const text = 'Viele Grüße\r\nnach Zürich';
    for (const charset of ['utf-8', 'iso-8859-1', 'windows-1252', 'utf-16', 'utf-7']) {
      const raw = iconv.encode(text, charset);
      for (const encoding of ['base64', 'quoted-printable', '8bit']) {
        const body =
          encoding === 'base64'
            ? Buffer.from(raw.toString('base64'))
            : encoding === '8bit'
              ? raw
              : Buffer.from([...raw].map((byte) => `=${byte.toString(16).padStart(2, '0')}`).join(''));
        const header = `Content-Type: text/plain; charset="${charset}"\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
        const message = Buffer.concat([Buffer.from(header), body]);
        expect([
          charset,
          encoding,
          search(message, 'GRÜSSE'),
          search(message, 'grüße\r\nNACH zürich'),
          search(message, 'viele'),
        ]).toEqual([charset, encoding, false, true, true]);
      }
    }
  });

  it('looks into all text parts and embedded messages, but not into attachments or the delimiters', () => {
    const message =
      'Content-Type: multipart/mixed; boundary=border\r\n\r\npreamble\r\n--border\r\n\r\none\r\n--border\r\nContent-Type: application/x\r\n\r\ntwo\r\n' +
      '--border\r\nContent-Type: message/rfc822\r\n\r\nSubject: three\r\n\r\nfour\r\n--border\r\nX-Part: five\r\nContent-Type: text/html\r\n\r\n<p>six\r\n--border--\r\n';
    const found = (headers: boolean): string[] =>
      ['one', 'two', 'three', 'four', 'five', 'six', 'preamble', '--border'].filter((word) =>
        search(message, word, { headers }),
      );
    expect(found(false)).toEqual(['one', 'four', 'six']);
    expect(found(true)).toEqual(['one', 'three', 'four', 'five', 'six']);
  });

  it('does not find the text of one header field in the raw form of another charset', () => {
    expect(
      search(Buffer.from('A: gr\xFC\xDFe\r\nB: gr\xC3\xBC\xC3\x9Fe\r\n\r\n', 'latin1'), 'b: grüße', { headers: true }),
    ).toBe(true);
  });

  it('never fails', () => {
    const pieces = fc.array(
      fc.constantFrom(
        'Content-Type: text/plain; charset=',
        'utf-16',
        'gbk',
        'hz',
        'utf-7',
        '\r\n',
        '\r\n\r\n',
        'Content-Transfer-Encoding: ',
        'base64',
        'x',
        '=',
        '\xFF',
        '+',
        '=?utf-8?b?',
        '?=',
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const bytes = Buffer.from(parts.join(''), 'latin1');
        search(bytes, 'needle', { headers: true });
        search(bytes, 'nädel', { headers: true });
      }),
    );
  });
});
