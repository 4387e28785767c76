import { describe, expect, it } from 'vitest';
import { ArgumentParser } from './argument-parser.ts';
import { parseFetchItems } from './fetch-items.ts';
import { ImapSyntaxError } from './syntax-error.ts';

const parse = (text: string) => {
  const parser = new ArgumentParser(text);
  const items = parseFetchItems(parser);
  parser.end();
  return items;
};

describe('items of FETCH', () => {
  it('may be a macro', () => {
    expect(parse('full').map(({ kind }) => kind)).toEqual(['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY']);
    expect(() => parse('(FULL UID)')).toThrow(ImapSyntaxError);
  });

  it.each([
    ['body.peek[1.2.header.fields (From "x y")]<10.20>', 'BODY[1.2.HEADER.FIELDS (From "x y")]<10>'],
    ['BODY[]', 'BODY[]'],
    ['BODY[TEXT]', 'BODY[TEXT]'],
    ['BODY[1.MIME]', 'BODY[1.MIME]'],
    ['BINARY.PEEK[1.2]<0.5>', 'BINARY[1.2]<0>'],
    ['BINARY[]', 'BINARY[]'],
    ['BINARY.SIZE[3]', 'BINARY.SIZE[3]'],
    ['RFC822.HEADER', 'RFC822.HEADER'],
  ])('names %s in the response as %s', (text, label) => {
    expect(parse(text)).toMatchObject([{ label }]);
  });

  it.each([
    '()',
    'BODY[MIME]',
    'BODY[0]',
    'BODY[1.]',
    'BODY[HEADER.FIELDS ()]',
    'BODY[TEXT.1]',
    'BODY[]<0.0>',
    'BODY[]<5>',
    'BINARY[TEXT]',
    'BINARY.SIZE[1]<0.1>',
    'FLAGS[1]',
    'FOO',
    '(UID  FLAGS)',
  ])('refuses %s', (text) => {
    expect(() => parse(text)).toThrow(ImapSyntaxError);
  });
});
