import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import { formatAddress, formatMailbox } from './format-address.ts';
import { parseAddressItems, parseAddressList } from './parse-address-list.ts';

/** `name|localpart|domain` of each mailbox. */
function read(value: string): string[] {
  return parseAddressList(value).map(({ name, localpart, domain }) => `${name}|${localpart}|${domain}`);
}

describe('address lists', () => {
  it.each([
    ['a@b', ['|a|b']],
    ['Joe <a@b>', ['Joe|a|b']],
    ['"Smith, Joe" <a@b>, c@d', ['Smith, Joe|a|b', '|c|d']],
    ['"Joe \\"Q\\" Public" <a@b>', ['Joe "Q" Public|a|b']],
    ['a@b (Joe (the) Man)', ['Joe (the) Man|a|b']],
    ['John Q. Public <a@b>', ['John Q. Public|a|b']],
    ['=?utf-8?q?J=C3=BCrgen?= <a@b>', ['Jürgen|a|b']],
    ['J\xC3\xBCrgen <j\xC3\xBC@b\xC3\xBCcher.example>', ['Jürgen|jü|bücher.example']],
    ['"=?utf-8?q?J=C3=BCrgen?=" <a@b>', ['Jürgen|a|b']],
    ['"john doe"@b', ['|john doe|b']],
    ['"a\\"b"@c', ['|a"b|c']],
    ['a@[192.0.2.1]', ['|a|[192.0.2.1]']],
    ['<@r1,@r2:a@b>', ['|a|b']],
    ['a . b @ c . d', ['|a.b|c.d']],
    ['Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', ['Pete|pete|silly.test']],
    [
      'A Group:Ed Jones <joe@a.test>,joe@where.test,John <jdoe@one.test>;',
      ['Ed Jones|joe|a.test', '|joe|where.test', 'John|jdoe|one.test'],
    ],
    ['undisclosed-recipients:;', []],
    ['a@b; c@d;', ['|a|b', '|c|d']],
    ['a@b,,c@d,', ['|a|b', '|c|d']],
    ['"a@b" <a@b>', ['a@b|a|b']],
    ['a@b <a@b>', ['a@b|a|b']],
    ['<<a@b>>', ['|a|b']],
    ['<a@b', ['|a|b']],
    ['Joe <a@b, c@d', ['Joe|a|b', '|c|d']],
    ['Joe Smith joe@b', ['Joe Smith|joe|b']],
    ['"Joe" joe@b', ['Joe|joe|b']],
    ['"Joe"<joe@b>', ['Joe|joe|b']],
    ['MAILER-DAEMON (Mail System)', ['Mail System|MAILER-DAEMON|']],
    ['Mail System', ['Mail System||']],
    ['a@b@c', ['|a@b|c']],
    ['<>', ['||']],
    ["'Joe' <a@b>", ["'Joe'|a|b"]],
    ['a@b [mailto:c@d]', ['|a|b']],
    ['', []],
    [' , ;', []],
    ['"unfinished <a@b>', ['unfinished <a@b>||']],
  ])('%j', (value, mailboxes) => {
    expect(read(value)).toEqual(mailboxes);
  });

  it('keep groups and routes as items', () => {
    expect(parseAddressItems('x: <@r:a@b>; c@d')).toEqual([
      { kind: 'group-start', name: 'x' },
      { kind: 'mailbox', mailbox: { name: '', route: '@r', localpart: 'a', domain: 'b' } },
      { kind: 'group-end' },
      { kind: 'mailbox', mailbox: { name: '', route: '', localpart: 'c', domain: 'd' } },
    ]);
  });

  it('never fail, and end with every open group closed', () => {
    const pieces = fc.array(
      fc.constantFrom(
        ...['a', 'b.c', '.', '@', '<', '>', '(', ')', '"', '\\', ',', ';', ':', '[', ']', ' ', '\xE9', '=?utf-8?q?x?='],
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        let open = 0;
        for (const item of parseAddressItems(parts.join(''))) {
          if (item.kind === 'group-start') open++;
          if (item.kind === 'group-end') open--;
          expect(open === 0 || open === 1).toBe(true);
        }
        expect(open).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('are read up to a limit, in linear time', () => {
    expect(parseAddressList('a@b,'.repeat(limits.headerAddresses + 10))).toHaveLength(limits.headerAddresses);
    for (const piece of ['a ', 'a@', ':', 'a:', '@ a:', '<', '(', '"', 'a@b:', '<@a:', '\\']) {
      parseAddressList(piece.repeat(200_000));
      parseAddressList(`${'a '.repeat(100_000)}@${piece.repeat(100_000)}`);
    }
  });
});

describe('formatted addresses', () => {
  it('come back when parsed', () => {
    const localpart = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !/[\x00-\x1F\x7F]/.test(text));
    const name = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replace(/\s+/g, ' ').trim());
    fc.assert(
      fc.property(name, localpart, (display, local) => {
        expect(parseAddressList(formatMailbox(display, formatAddress(local, 'example.org')))).toEqual([
          { name: display, route: '', localpart: local, domain: 'example.org' },
        ]);
      }),
      { numRuns: 500 },
    );
  });

  it('are quoted only where they must be', () => {
    expect(formatAddress('a.b+c', 'x')).toBe('a.b+c@x');
    expect(formatAddress('jürgen', 'x')).toBe('jürgen@x');
    expect(formatAddress('a b"', 'x')).toBe('"a b\\""@x');
    expect(formatAddress('.a', 'x')).toBe('".a"@x');
    expect(formatAddress('postmaster', '')).toBe('postmaster');
    expect(formatMailbox('Smith, Joe', 'a@b')).toBe('"Smith, Joe" <a@b>');
    expect(formatMailbox('Jürgen', 'a@b')).toBe('=?utf-8?q?J=C3=BCrgen?= <a@b>');
  });
});
