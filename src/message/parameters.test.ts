import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parameterValue } from './parameter-value.ts';
import { parseContentType, parseDisposition } from './parameters.ts';

function fileName(disposition: string): string | undefined {
  return parameterValue(parseDisposition(disposition)!.params, 'filename');
}

describe('Content-Type', () => {
  it('is read with comments, spaces and any case', () => {
    expect(parseContentType(' (a) Text / HTML (b); (c) Charset = "utf-8" ; x=y z')).toEqual({
      type: 'text',
      subtype: 'html',
      params: [
        ['Charset', 'utf-8'],
        ['x', 'y z'],
      ],
    });
  });

  it.each(['', 'text', 'text/', '/plain', ';charset=x', 'te xt/plain'])('is invalid: %j', (value) => {
    expect(parseContentType(value)).toBeUndefined();
  });

  it('is read as far as it goes when quotes or semicolons are wrong', () => {
    expect(parseContentType('a/b; name="unfinished')!.params).toEqual([['name', 'unfinished']]);
    expect(parseContentType('a/b;; name="x" ; ; y')!.params).toEqual([['name', 'x']]);
    expect(parseContentType('a/b; name="x" size=3')!.params).toEqual([
      ['name', 'x'],
      ['size', '3'],
    ]);
    expect(parseContentType('a/b; name=foo(1).pdf; charset=us-ascii (Plain)')!.params).toEqual([
      ['name', 'foo(1).pdf'],
      ['charset', 'us-ascii'],
    ]);
  });

  it('takes any text, and a bounded number of parameters', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...['a/b', ';', '=', '"', '\\', '(', ')', ' ', 'x', '*0*', "'", '%', '\xE9'])),
        (pieces) => {
          const parsed = parseContentType(`a/b;${pieces.join('')}`);
          if (parsed !== undefined) parameterValue(parsed.params, 'x');
        },
      ),
    );
    expect(parseContentType(`a/b${'; a=b'.repeat(1000)}`)!.params).toHaveLength(100);
  });
});

describe('parameter values', () => {
  it('are decoded after RFC 2231', () => {
    expect(fileName("attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt; filename=ignored")).toBe('Grüße.txt');
    expect(fileName("attachment; filename*=ISO-8859-1'de'Gr%FC%DFe.txt")).toBe('Grüße.txt');
  });

  it('are joined from sections, encoded and plain ones mixed, characters cut between them', () => {
    expect(fileName('attachment; filename*0*=utf-8\'\'Gr%C3; filename*1*=%BC%C3%9F; filename*2="e %41.txt"')).toBe(
      'Grüße %41.txt',
    );
    expect(fileName('attachment; filename*0=one; filename*1=two; filename*3=lost')).toBe('onetwo');
  });

  it('are decoded when programs wrote encoded words or raw bytes', () => {
    expect(fileName('attachment; filename="=?utf-8?B?R3LDvMOfZQ==?="')).toBe('Grüße');
    expect(fileName('attachment; filename="Gr\xC3\xBC\xC3\x9Fe"')).toBe('Grüße');
    expect(fileName('attachment; filename="Gr\xFC\xDFe"')).toBe('Grüße');
  });

  it('survive wrong percent signs and charsets', () => {
    expect(fileName("attachment; filename*=utf-8''100%")).toBe('100%');
    expect(fileName("attachment; filename*=nonsense''a%FC")).toBe('aü');
    expect(fileName('attachment; filename*=plain')).toBe('plain');
  });
});
