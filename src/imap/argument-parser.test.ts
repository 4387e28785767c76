import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentParser } from './argument-parser.ts';
import { parseFetchItems } from './fetch-items.ts';
import { quote, quoteUnlessAtom } from './quote.ts';
import { parseSearchProgram } from './search-keys.ts';
import { ImapSyntaxError } from './syntax-error.ts';

const bytes = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) });
/** Text that is nearly in the grammar. */
const nearly = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '(',
        ')',
        ' ',
        '"',
        '\\',
        '{3}\r\nabc',
        '{3+}\r\nabc',
        '~{3}\r\na\0b',
        '{',
        '}',
        '[',
        ']',
        '<0.5>',
        '<',
        '>',
        ',',
        ':',
        '*',
        '$',
        'BODY',
        'BODY.PEEK',
        'BINARY',
        'BINARY.SIZE',
        'HEADER.FIELDS',
        'MIME',
        'FLAGS',
        'UID',
        'FULL',
        '1',
        '2.3',
        '0',
        '4294967296',
        'NOT',
        'OR',
        'CHARSET',
        'UTF-8',
        'SUBJECT',
        'BEFORE',
        '1-Jan-2026',
        'MODSEQ',
        '"/flags/\\\\Seen"',
        'priv',
        'HEADER',
        'KEYWORD',
        'OLDER',
        'LARGER',
        '\\Seen',
        'NIL',
        'INBOX',
        '"a b"',
        '%',
        '\r\n',
        '\xe4',
      ),
      bytes,
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

function throwsOnlySyntaxErrors(parse: (parser: ArgumentParser) => unknown, text: string): void {
  try {
    parse(new ArgumentParser(text));
  } catch (error) {
    if (!(error instanceof ImapSyntaxError)) throw error;
  }
}

describe('arguments', () => {
  it('are never refused by another error than that of the syntax', () => {
    const parsers: ((parser: ArgumentParser) => unknown)[] = [
      parseFetchItems,
      parseSearchProgram,
      (parser) => parser.sequenceSet(),
      (parser) => parser.astring(),
      (parser) => parser.nstring(),
      (parser) => parser.listMailbox(),
      (parser) => parser.flagList(),
      (parser) => parser.dateTime(),
      (parser) => parser.day(),
      (parser) => parser.number64(),
    ];
    fc.assert(
      fc.property(nearly, fc.constantFrom(...parsers), (text, parse) => throwsOnlySyntaxErrors(parse, text)),
      { numRuns: 5000 },
    );
  });

  it('read back what responses quote', () => {
    fc.assert(
      fc.property(bytes, fc.boolean(), (text, utf8) => {
        expect(new ArgumentParser(quote(text, utf8)).string()).toBe(text);
        const parser = new ArgumentParser(quoteUnlessAtom(text, utf8));
        expect(parser.astring()).toBe(text);
        parser.end();
      }),
    );
  });

  it('take strings in every form', () => {
    const parser = new ArgumentParser('atom] "quo\\"ted \\\\" {3}\r\na\nb {2+}\r\n"( NIL "nil"');
    expect(parser.astring()).toBe('atom]');
    parser.space();
    expect(parser.astring()).toBe('quo"ted \\');
    parser.space();
    expect(parser.string()).toBe('a\nb');
    parser.space();
    expect(parser.astring()).toBe('"(');
    parser.space();
    expect(parser.nstring()).toBeUndefined();
    parser.space();
    expect(parser.nstring()).toBe('nil');
    parser.end();
  });

  it.each(['"a', '"a\\b"', '"a\nb"', '{3}\r\nab', '{3}\r\na\0b', '{3-}\r\nabc', '(', ''])(
    'refuse %j as a string',
    (text) => {
      expect(() => new ArgumentParser(text).string()).toThrow(ImapSyntaxError);
    },
  );

  it.each(['0', '1:0', '1,', ':1', '1:2:3', '4294967296', '$1', 'a', '1,,2'])('refuse %j as a sequence set', (text) => {
    expect(() => {
      const parser = new ArgumentParser(text);
      parser.sequenceSet();
      parser.end();
    }).toThrow(ImapSyntaxError);
  });

  it('refuse numbers beyond 32 bits where the grammar has those', () => {
    expect(new ArgumentParser('4294967295').number()).toBe(4_294_967_295);
    expect(() => new ArgumentParser('4294967296').number()).toThrow(ImapSyntaxError);
    expect(new ArgumentParser('9223372036854775807').number64()).toBe(Number.MAX_SAFE_INTEGER);
  });
});
