import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDomainSpec, isMacroString } from './macro-string.ts';
import { isSpfRecord, parseSpfRecord, SpfSyntaxError } from './spf-record.ts';

describe('SPF records', () => {
  it('are parsed with mechanisms, prefixes and modifiers', () => {
    expect(parseSpfRecord('v=spf1 a:mx.%{d2}/24//64 -ip6:2001:db8::/32 ?include:x.example redirect=y.example')).toEqual(
      {
        directives: [
          {
            qualifier: '+',
            mechanism: { kind: 'a', domain: 'mx.%{d2}', ip4Bits: 24, ip6Bits: 64 },
            text: 'a:mx.%{d2}/24//64',
          },
          { qualifier: '-', mechanism: { kind: 'ip6', address: '2001:db8::', bits: 32 }, text: '-ip6:2001:db8::/32' },
          { qualifier: '?', mechanism: { kind: 'include', domain: 'x.example' }, text: '?include:x.example' },
        ],
        redirect: 'y.example',
        exp: undefined,
      },
    );
  });

  it('are refused, and never crash the parser, whatever is in them', () => {
    const piece = fc.constantFrom(
      ...['all', 'a', 'mx', 'ptr', 'ip4:', 'ip6:', 'exists:', 'include:', 'redirect=', 'exp=', 'x=', ' ', '/', '//'],
      ...['%{', '}', '%%', '%{d}', '%{l2r+-}', '.', '-', '~', '?', '1.2.3.4', '::1', '24', 'example', 'é', '\t'],
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 20 }), (pieces) => {
        try {
          const { directives } = parseSpfRecord(`v=spf1 ${pieces.join('')}`);
          for (const { mechanism } of directives) {
            if ('domain' in mechanism && mechanism.domain !== undefined)
              expect(isDomainSpec(mechanism.domain)).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(SpfSyntaxError);
        }
      }),
    );
  });

  it('end soon, however long they are', () => {
    for (const text of ['a'.repeat(60_000), '%{d}'.repeat(20_000), 'a-'.repeat(30_000), 'a.'.repeat(30_000)]) {
      isDomainSpec(text);
      isMacroString(text);
      try {
        parseSpfRecord(`v=spf1 a:${text}/`);
      } catch {}
    }
  });

  it('are told from other TXT records', () => {
    expect(['v=spf1', 'v=spf1 -all', 'V=SPF1 a', 'v=spf10', 'v=spf1-all', 'spf1', ''].map(isSpfRecord)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
