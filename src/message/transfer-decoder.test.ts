import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeQuotedPrintable } from './encode-quoted-printable.ts';
import { createTransferDecoder, decodeTransfer, UnknownEncodingError } from './transfer-decoder.ts';

function inChunks(bytes: Buffer, encoding: string, size: number): Buffer {
  const decoder = createTransferDecoder(encoding);
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += size)
    pieces.push(decoder.push(bytes.subarray(start, start + size)));
  return Buffer.concat([...pieces, decoder.finish()]);
}

function decode(text: string, encoding: string): string {
  return decodeTransfer(Buffer.from(text, 'latin1'), encoding).toString('latin1');
}

describe('transfer decoding', () => {
  it('gives back base64 of any bytes in lines, whatever the chunks', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000 }),
        fc.constantFrom('\r\n', '\n'),
        fc.integer({ min: 1, max: 700 }),
        (bytes, end, size) => {
          const encoded = Buffer.from(
            Buffer.from(bytes)
              .toString('base64')
              .replace(/(.{76})/g, `$1${end}`),
          );
          expect(decodeTransfer(encoded, 'base64')).toEqual(Buffer.from(bytes));
          expect(inChunks(encoded, 'base64', size)).toEqual(Buffer.from(bytes));
        },
      ),
    );
  });

  it('gives the same for broken base64, whatever the chunks', () => {
    const text = fc
      .array(fc.constantFrom('QUJD'.repeat(40), 'Q', 'QU', '=', '==', '\r\n', '\n', '\r', '-', ' ', '!', '\xFF'), {
        maxLength: 30,
      })
      .map((pieces) => Buffer.from(pieces.join(''), 'latin1'));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 700 }), (bytes, size) => {
        const single = inChunks(bytes, 'base64', 1);
        expect(decodeTransfer(bytes, 'base64')).toEqual(single);
        expect(inChunks(bytes, 'base64', size)).toEqual(single);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['QUJD', 'ABC'],
    ['QUI=', 'AB'],
    ['QQ==QUI=', 'AAB'],
    ['Q U!J\r\nD', 'ABC'],
    ['QUI', 'AB'],
    ['Q', ''],
    ['', ''],
  ])('of base64 %j', (encoded, text) => {
    expect(decode(encoded, 'base64')).toBe(text);
  });

  it.each([
    ['a=3Db', 'a=b'],
    ['a=3db', 'a=b'],
    ['one=\r\ntwo', 'onetwo'],
    ['one= \t\r\ntwo', 'onetwo'],
    ['one=\ntwo', 'onetwo'],
    ['trailing  \r\nnext', 'trailing\r\nnext'],
    ['end  ', 'end'],
    ['a =\r\nb', 'a b'],
    ['a=zz', 'a=zz'],
    ['a=', 'a'],
    ['a=4', 'a=4'],
    ['raw \xE9', 'raw \xE9'],
    ['a\r\nb\nc', 'a\r\nb\nc'],
  ])('of quoted-printable %j', (encoded, text) => {
    expect(decode(encoded, 'quoted-printable')).toBe(text);
  });

  it('gives the same for any quoted-printable, whatever the chunks', () => {
    const text = fc
      .array(fc.constantFrom('a', '=', '=3D', '=4', ' ', '\t', '\r\n', '\n', '\r', 'Z'), { maxLength: 40 })
      .map((pieces) => Buffer.from(pieces.join('')));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (bytes, size) => {
        expect(inChunks(bytes, 'quoted-printable', size)).toEqual(decodeTransfer(bytes, 'quoted-printable'));
      }),
      { numRuns: 1000 },
    );
  });

  it('gives back what was encoded as quoted-printable, in lines of at most 76 characters', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const encoded = encodeQuotedPrintable(bytes);
        for (const line of encoded.split('\r\n')) expect(line).toMatch(/^[\x20-\x7E\t]{0,76}$/);
        expect(decode(encoded, 'quoted-printable')).toBe(
          Buffer.from(bytes).toString('latin1').replace(/\r?\n/g, '\r\n'),
        );
      }),
    );
  });

  it('leaves 7bit, 8bit and binary alone and refuses what nobody defined', () => {
    for (const encoding of ['7bit', '8bit', 'binary', undefined]) {
      expect(decodeTransfer(Buffer.from('a=\r\n'), encoding).toString()).toBe('a=\r\n');
    }
    expect(() => decodeTransfer(Buffer.from('a'), 'x-uuencode')).toThrow(UnknownEncodingError);
  });
});
