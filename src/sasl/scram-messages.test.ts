import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeSaslname,
  formatServerFirst,
  parseClientFinal,
  parseClientFirst,
  parseServerFinal,
  parseServerFirst,
} from './scram-messages.ts';

const nonce = fc.stringMatching(/^[\x21-\x2b\x2d-\x7e]{1,40}$/);

describe('parseClientFirst', () => {
  it('reads flags, authorization id and escaped names', () => {
    expect(parseClientFirst(Buffer.from('p=tls-exporter,a=me=2Cyou,n=a=3Db=2Cc,r=abc,x=extension'))).toEqual({
      bindingFlag: 'p',
      bindingName: 'tls-exporter',
      authorizationId: 'me,you',
      gs2Header: 'p=tls-exporter,a=me=2Cyou,',
      username: 'a=b,c',
      nonce: 'abc',
      bare: 'n=a=3Db=2Cc,r=abc,x=extension',
    });
  });

  it('refuses mandatory extensions, bad escapes and missing parts', () => {
    for (const message of [
      'n,,m=x,n=user,r=abc',
      'n,,n=us=er,r=abc',
      'n,,n=,r=abc',
      'n,,n=user,r=',
      'n,n=user,r=abc',
      'q,,n=user,r=abc',
      'p=,,n=user,r=abc',
      'n,,n=user,r=a b',
      'n,,r=abc,n=user',
      '',
    ])
      expect(parseClientFirst(Buffer.from(message))).toBeUndefined();
    expect(
      parseClientFirst(Buffer.from([...Buffer.from('n,,n=us'), 0xff, ...Buffer.from('er,r=abc')])),
    ).toBeUndefined();
    expect(parseClientFirst(Buffer.from(`n,,n=user,r=${'a'.repeat(5000)}`))).toBeUndefined();
  });

  it('reads back every name that was encoded', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(name, nonce, (username, clientNonce) => {
        const first = parseClientFirst(Buffer.from(`n,,n=${encodeSaslname(username)},r=${clientNonce}`));
        expect(first).toMatchObject({ username, nonce: clientNonce });
      }),
    );
  });
});

describe('SCRAM parsers', () => {
  it('never throw on any bytes or on damaged messages', () => {
    const samples = [
      'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
      'r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=4096',
      'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfc,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
      'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
    ];
    const damaged = fc
      .tuple(fc.constantFrom(...samples), fc.nat(80), fc.uint8Array({ maxLength: 4 }), fc.nat(4))
      .map(([text, at, insert, drop]) => {
        const bytes = Buffer.from(text);
        return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + drop)]);
      });
    fc.assert(
      fc.property(
        fc.oneof(
          damaged,
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        ),
        (bytes) => {
          for (const parse of [parseClientFirst, parseClientFinal, parseServerFirst, parseServerFinal]) parse(bytes);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('take what the server formats', () => {
    fc.assert(
      fc.property(nonce, fc.uint8Array({ minLength: 1 }), fc.integer({ min: 1, max: 10_000_000 }), (text, bytes, i) => {
        const message = { nonce: text, salt: Buffer.from(bytes), iterations: i };
        expect(parseServerFirst(Buffer.from(formatServerFirst(message)))).toEqual(message);
      }),
    );
  });

  it('refuse iteration counts that keep the client busy, and base64 with anything else in it', () => {
    expect(parseServerFirst(Buffer.from('r=a,s=QSXC,i=10000001'))).toBeUndefined();
    expect(parseServerFirst(Buffer.from('r=a,s=QSX,i=4096'))).toBeUndefined();
    expect(parseClientFinal(Buffer.from('c=biws,r=a,p=v0X8v3Bz 2T0='))).toBeUndefined();
    expect(parseServerFinal(Buffer.from('e=invalid-proof'))).toBeUndefined();
  });
});
