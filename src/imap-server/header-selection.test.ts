import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageText } from '../../tests/harness/odd-headers.ts';
import type { Section } from '../imap/fetch-items.ts';
import { headerEnd } from '../message/header-end.ts';
import { isLeftOut, shortenHeader } from '../store/text-index/indexed-header.ts';
import { HeaderSelection } from './header-selection.ts';

const section = (text: Section['text'], ...fields: string[]): Section => ({
  part: [],
  text,
  fields,
  partial: undefined,
});

describe('HeaderSelection', () => {
  const header = 'ARC-Seal: i=1;\r\n a=x\r\nSubject: s\r\nX-MS-Has: y\r\nto: t\r\n\r\n';

  it.each<[Section, string | undefined]>([
    [section('HEADER.FIELDS', 'SUBJECT', 'To', 'X-None'), 'Subject: s\r\nto: t\r\n\r\n'],
    [section('HEADER.FIELDS', 'Subject', 'X-Ms-Has'), undefined],
    [section('HEADER.FIELDS.NOT', 'Subject'), undefined],
    [section('HEADER'), undefined],
  ])('%j of a header with fields that are left out is %j', (wanted, text) => {
    expect(HeaderSelection.of(wanted)?.fromIndexed(shortenHeader(header))).toBe(text);
  });

  it('is all of a header that has no such fields', () => {
    const whole = shortenHeader('Subject: s\r\nTo: t\r\n\r\n');
    expect(HeaderSelection.of(section('HEADER'))?.fromIndexed(whole)).toBe('Subject: s\r\nTo: t\r\n\r\n');
    expect(HeaderSelection.of(section('HEADER.FIELDS.NOT', 'to'))?.fromIndexed(whole)).toBe('Subject: s\r\n\r\n');
    expect(HeaderSelection.of(section('HEADER.FIELDS', 'arc-seal'))?.fromIndexed(whole)).toBe('\r\n');
    expect(HeaderSelection.of(section('HEADER'))?.fromIndexed(undefined)).toBeUndefined();
  });

  it('is of the message itself only', () => {
    expect(HeaderSelection.of(section('TEXT'))).toBeUndefined();
    expect(HeaderSelection.of({ ...section('HEADER.FIELDS', 'To'), part: [1] })).toBeUndefined();
  });

  it('has the same bytes from the index as from the message, whatever the header', () => {
    const names = fc.subarray(['subject', 'From', 'X-ODD', 'received', 'arc-seal', 'X-Google-Id', 'x-received', '']);
    const kind = fc.constantFrom<Section['text']>('HEADER', 'HEADER.FIELDS', 'HEADER.FIELDS.NOT');
    fc.assert(
      fc.property(messageText, names, kind, (text, fields, wanted) => {
        const bytes = Buffer.from(text, 'latin1');
        const own = bytes.toString('latin1', 0, headerEnd(bytes));
        const selection = HeaderSelection.of(section(wanted, ...fields))!;
        const indexed = shortenHeader(own);
        const found = selection.fromIndexed(indexed);
        const known = wanted === 'HEADER.FIELDS' && !fields.some((name) => isLeftOut(name.toLowerCase()));
        if (known || indexed.whole) expect(found).toBe(selection.from(own));
        else expect(found).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });
});
