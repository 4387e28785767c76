import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeTextMessage } from './compose-text-message.ts';
import { formatField } from './format-field.ts';
import { headerValues, splitHeader } from './header-fields.ts';
import { decodeHeaderText } from './header-text.ts';
import { parseStructure } from './structure-parser.ts';
import { decodeTransfer } from './transfer-decoder.ts';

describe('composed text messages', () => {
  it('hold the subject and text they were made of, in ASCII lines that SMTP carries', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 });
    fc.assert(
      fc.property(text, fc.array(text), (subject, lines) => {
        const body = lines.join('\n');
        const bytes = composeTextMessage({
          from: 'Postmaster <postmaster@example.org>',
          to: ['a@example.org', 'b@example.org'],
          subject,
          messageId: 'x@example.org',
          dateMs: 0,
          fields: [['Auto-Submitted', 'auto-generated']],
          text: body,
        });
        expect(bytes.every((byte) => byte < 128)).toBe(true);
        for (const line of bytes.toString('latin1').split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
        const { envelope, root, autoSubmitted } = parseStructure(bytes);
        expect(autoSubmitted).toBe('auto-generated');
        expect(envelope.date).toBe('Thu, 1 Jan 1970 00:00:00 +0000');
        expect(envelope.to).toBe('a@example.org, b@example.org');
        expect(decodeHeaderText(envelope.subject!).trim()).toBe(subject.replace(/[\x00-\x1F\x7F]+/g, ' ').trim());
        expect(decodeTransfer(bytes.subarray(root.bodyStart), root.encoding).toString()).toBe(
          body.replace(/\r\n?|\n/g, '\r\n'),
        );
      }),
    );
  });
});

describe('formatted fields', () => {
  it('are one field whatever the value, and unfold to it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\r', '\n', 'c'.repeat(40)), maxLength: 60 }),
        (value) => {
          const field = formatField('Subject', value);
          const fields = splitHeader(`${field}\r\n`);
          expect(fields).toHaveLength(1);
          expect(fields[0]!.end).toBe(field.length);
          expect(headerValues(field, fields, 'subject')).toEqual([value.replace(/[\r\n]+/g, ' ').trim()]);
          for (const line of field.split('\r\n').slice(1, -1)) expect(line.trim()).not.toBe('');
        },
      ),
      { numRuns: 1000 },
    );
  });
});
