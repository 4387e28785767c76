import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import { findPreviewPart, previewText } from './preview.ts';
import { parseStructure } from './structure-parser.ts';

function preview(text: string): string {
  const bytes = Buffer.from(text);
  const part = findPreviewPart(parseStructure(bytes));
  return part === undefined ? '' : previewText(part, bytes.subarray(part.bodyStart, part.bodyEnd));
}

describe('previews', () => {
  it('are the first words of a plain message on one line, without quotations', () => {
    expect(preview('\n> you said\n> this\n\nHello\t there,\r\n\r\n  I agree.\n')).toBe('Hello there, I agree.');
    expect(preview('\n')).toBe('');
  });

  it('prefer plain text to HTML, and pass attachments by', () => {
    const part = (fields: string, body: string): string => `--b\n${fields}\n\n${body}\n`;
    const header = 'Content-Type: multipart/mixed; boundary=b\n\n';
    const html = part('Content-Type: text/html', '<b>html</b>');
    expect(preview(`${header}${html}${part('', 'plain')}--b--`)).toBe('plain');
    expect(preview(`${header}${part('Content-Disposition: attachment', 'attached')}${html}--b--`)).toBe('html');
    expect(preview(`${header}${part('Content-Type: image/png', 'x')}--b--`)).toBe('');
  });

  it('take the text out of HTML', () => {
    expect(
      preview(
        'Content-Type: text/html\n\n<html><head><title>t</title><style>b{}</style></head><!-- c --><body><p>A &amp; B&nbsp;&#252;&#x20AC;&unknown;</p><script>x()</script>end</body',
      ),
    ).toBe('A & B ü€&unknown; end');
  });

  it('are decoded, and have at most the limit of whole characters', () => {
    expect(preview(`Content-Transfer-Encoding: base64\n\n${Buffer.from('grüße').toString('base64')}`)).toBe('grüße');
    expect(preview(`Content-Type: text/plain; charset=utf-8\n\n${'😀'.repeat(500)}`)).toBe(
      '😀'.repeat(limits.previewCharacters),
    );
    expect(preview('Content-Transfer-Encoding: x-foo\n\nabc')).toBe('');
  });

  it('never fail', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '<',
        '>',
        '<style>',
        '<!--',
        '-->',
        '&',
        '&#99999999;',
        '&#0;',
        'x',
        '\n',
        '</style>',
        '&lt;',
        ';',
      ),
    );
    fc.assert(fc.property(pieces, (parts) => preview(`Content-Type: text/html\n\n${parts.join('')}`).length <= 400));
  });
});
