import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headerValues, splitHeader, unfold } from './header-fields.ts';
import { selectHeaderFields } from './select-header-fields.ts';

describe('fields of a header', () => {
  it('cover the header without gaps, whatever it holds', () => {
    const text = fc
      .array(fc.constantFrom('A', 'Subject', ':', ' ', '\t', '\r\n', '\n', '\r', 'x', '\0', '\xA0'), { maxLength: 40 })
      .map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (header) => {
        let end = 0;
        for (const field of splitHeader(header)) {
          expect(field.start).toBe(end);
          expect(field.valueStart).toBeGreaterThanOrEqual(field.start);
          expect(field.end).toBeGreaterThanOrEqual(field.valueStart);
          end = field.end;
        }
        expect(header.slice(end)).toMatch(/^(?:\r?\n[\s\S]*)?$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('are found by name in any case, unfolded, with space before the colon', () => {
    const header = 'Received: a\r\n\tb\r\nSUBJECT : x\r\nrubbish\r\nreceived:c\r\n\r\nSubject: body';
    const fields = splitHeader(header);
    expect(headerValues(header, fields, 'Received')).toEqual(['a\tb', 'c']);
    expect(headerValues(header, fields, 'subject')).toEqual(['x']);
  });

  it('keep bytes that Unicode takes for spaces', () => {
    expect(unfold(' \xC3\xA0 \r\n')).toBe('\xC3\xA0');
  });
});

describe('selected header fields', () => {
  const header = Buffer.from('From: a\r\nTo: b\r\n c\r\nSubject: s\r\nnothing\r\n\r\n');

  it('come folded as they stand, in the order of the header, with the empty line', () => {
    expect(selectHeaderFields(header, ['SUBJECT', 'to']).toString()).toBe('To: b\r\n c\r\nSubject: s\r\n\r\n');
    expect(selectHeaderFields(header, ['Cc']).toString()).toBe('\r\n');
  });

  it('are all others with `not`', () => {
    expect(selectHeaderFields(header, ['subject', 'to'], { not: true }).toString()).toBe('From: a\r\nnothing\r\n\r\n');
  });

  it('are those that a split header has by these names, whatever it holds', () => {
    const pieces = ['To', 'TO', 'Cc', 'tO\xC0', ':', ' ', '\t', '\r\n', '\n', '\r', '\f', 'x', '\xE0', '\0'];
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((each) => each.join(''));
    const names = fc.subarray(['to', 'CC', 'to\xE0', 'x', 'tox', '']);
    fc.assert(
      fc.property(text, names, fc.boolean(), (header, wanted, not) => {
        const fields = splitHeader(header);
        const named = new Set(wanted.map((name) => name.toLowerCase()));
        const found = fields
          .filter(({ name }) => named.has(name) !== not)
          .map(({ start, end }) => header.slice(start, end));
        const rest = header.slice(fields.at(-1)?.end ?? 0);
        const selected = selectHeaderFields(Buffer.from(header, 'latin1'), wanted, { not });
        expect(selected.toString('latin1')).toBe(found.join('') + rest);
      }),
      { numRuns: 3000 },
    );
  });

  it('have no empty line when the header has none', () => {
    expect(selectHeaderFields(Buffer.from('From: a\r\nTo: b\r\n'), ['from']).toString()).toBe('From: a\r\n');
  });

  it('and the others make up the header together', () => {
    const names = ['a', 'b', 'c'];
    const field = fc.tuple(fc.constantFrom(...names), fc.constantFrom('x', 'y\r\n z', ''));
    fc.assert(
      fc.property(fc.array(field), fc.subarray(names), (fields, wanted) => {
        const bytes = Buffer.from(`${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
        const lines = (part: Buffer): string[] =>
          part
            .toString()
            .slice(0, -2)
            .split(/(?<=\n)(?! )/)
            .sort();
        const both = [
          ...lines(selectHeaderFields(bytes, wanted)),
          ...lines(selectHeaderFields(bytes, wanted, { not: true })),
        ];
        expect(both.filter((line) => line !== '').sort()).toEqual(lines(bytes).filter((line) => line !== ''));
      }),
    );
  });
});
