import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress } from './address.ts';
import { parsePath } from './parse-path.ts';
import { SmtpError } from './smtp-error.ts';

const parse = (text: string, kind: 'reverse' | 'forward' = 'forward') => parsePath(text, 0, kind).address;

describe('parsePath', () => {
  it.each([
    ['<a@b.example>', 'a', 'b.example'],
    ['<A.b+c@B.Example>', 'A.b+c', 'b.example'],
    ['<"a b"@b.example>', 'a b', 'b.example'],
    ['<"a\\"\\\\@>"@b.example>', 'a"\\@>', 'b.example'],
    ['<a@[192.0.2.1]>', 'a', '[192.0.2.1]'],
    ['<a@[IPv6:2001:DB8::1]>', 'a', '[IPv6:2001:db8::1]'],
    ['<@x.example,@y.example:a@b.example>', 'a', 'b.example'],
    ['<jösé@münchen.example>', 'jösé', 'xn--mnchen-3ya.example'],
    ['<a@xn--mnchen-3ya.example>', 'a', 'xn--mnchen-3ya.example'],
    ['<PostMaster>', 'PostMaster', ''],
    ['<a@localhost>', 'a', 'localhost'],
    ["<!#$%&'*+-/=?^_`{|}~@b.example>", "!#$%&'*+-/=?^_`{|}~", 'b.example'],
  ])('reads %s', (text, localpart, domain) => {
    expect(parsePath(`${text} X=1`, 0, 'forward')).toEqual({ address: { localpart, domain }, end: text.length });
  });

  it('reads the null reverse path only where it may be', () => {
    expect(parse('<>', 'reverse')).toBeUndefined();
    expect(() => parse('<>')).toThrow(SmtpError);
    expect(() => parse('<postmaster>', 'reverse')).toThrow(SmtpError);
  });

  it.each([
    '',
    'a@b.example',
    '<a@b.example',
    '<"a\u2028b"@b.example>',
    '<"a\u0085b"@b.example>',
    '<a\u2029b@b.example>',
    '<a>',
    '<@b.example>',
    '<a@>',
    '<a@b..example>',
    '<a@-b.example>',
    '<a@b-.example>',
    '<a@b_c.example>',
    '<a@b.example.>',
    '<.a@b.example>',
    '<a.@b.example>',
    '<a..b@b.example>',
    '<a b@b.example>',
    '<"a@b.example>',
    '<""@b.example>',
    '<a@[192.0.2.256]>',
    '<a@[2001:db8::1]>',
    '<a@[IPv6:fe80::1%eth0]>',
    '<a@[x-other:thing]>',
    '<a@xn--.example>',
    '<a\u0000@b.example>',
    '<a@@b.example>',
    '<a@b@c.example>',
    `<a@${'b'.repeat(64)}.example>`,
    `<${'a'.repeat(65)}@b.example>`,
    `<a@${'b.'.repeat(126)}example>`,
  ])('refuses %j', (text) => {
    expect(() => parse(text)).toThrow(SmtpError);
  });

  it('takes the longest localparts that RFC 5321 §4.5.3.1.1 allows, and longer ones of senders', () => {
    expect(parse(`<${'a'.repeat(64)}@b.example>`)?.localpart).toHaveLength(64);
    expect(() => parse(`<${'ü'.repeat(33)}@b.example>`)).toThrow('too long');
    expect(parse(`<${'a'.repeat(128)}@b.example>`, 'reverse')?.localpart).toHaveLength(128);
    expect(() => parse(`<${'a'.repeat(129)}@b.example>`, 'reverse')).toThrow('too long');
  });

  it('reads back what formatAddress writes', () => {
    const printable = fc.string({ unit: fc.constantFrom(...' !"#@.\\<>ab,:;()[]üé'), minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(printable, (localpart) => {
        const address = { localpart, domain: 'b.example' };
        expect(parse(`<${formatAddress(address)}>`)).toEqual(address);
      }),
    );
  });

  it('gives an address or an SmtpError for any text', () => {
    const pieces = fc.constantFrom(
      '<',
      '>',
      '@',
      '"',
      '\\',
      '.',
      'a',
      'b.example',
      '[',
      ']',
      ':',
      'IPv6:',
      '::1',
      'ü',
      '\u202e',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
        const text = `<${parts.join('')}`;
        try {
          const { address, end } = parsePath(text, 0, 'reverse');
          expect(text[end - 1]).toBe('>');
          if (address !== undefined) expect(parse(`<${formatAddress(address)}>`, 'reverse')).toEqual(address);
        } catch (error) {
          expect(error).toBeInstanceOf(SmtpError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('takes no longer for long hostile text', () => {
    const start = performance.now();
    for (const text of [
      `<${'a.'.repeat(50_000)}`,
      `<a@${'a-'.repeat(50_000)}>`,
      `<${'@a,'.repeat(50_000)}`,
      `<"${'\\"'.repeat(50_000)}`,
    ]) {
      expect(() => parse(text)).toThrow(SmtpError);
    }
    expect(performance.now() - start).toBeLessThan(500);
  });
});
