import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ForgedResults } from './forged-results.ts';

const names = new Set(['mail.example.org']);

function through(message: string, size = 10_000): string {
  const guard = new ForgedResults(names);
  const out: Buffer[] = [];
  const bytes = Buffer.from(message, 'latin1');
  for (let at = 0; at < bytes.length; at += size) out.push(...guard.push(bytes.subarray(at, at + size)));
  out.push(...guard.end());
  return Buffer.concat(out).toString('latin1');
}

describe('Authentication-Results that come with a message', () => {
  it.each([
    'Authentication-Results: mail.example.org; spf=pass\r\n',
    'authentication-RESULTS : Mail.Example.ORG;\r\n\tspf=pass\r\n',
    'Authentication-Results:\r\n mail.example.org; dkim=pass\r\n',
    'Authentication-Results: (a (b) c) mail.example.org. 1; dkim=pass\r\n',
    'Authentication-Results: "mail.example.org"; dkim=pass\r\n',
    'Authentication-Results: "mail\\.example.org"; dkim=pass\r\n',
    'Authentication-Results: mail.example.org',
    `Authentication-Results: ${' '.repeat(20_000)}mail.example.org\r\n`,
    `Authentication-Results:${'\r\n'.padEnd(100)}${' \r\n'.repeat(5000)} mail.example.org\r\n`,
  ])('are renamed when they claim to be ours: %j', (field) => {
    const before = 'From: a@b\r\n';
    const after = field.endsWith('\n')
      ? 'To: c@d\r\n\r\nAuthentication-Results: mail.example.org; in the body\r\n'
      : '';
    for (const size of [1, 3, 100, 9000, 100_000]) {
      expect(through(before + field + after, size)).toBe(`${before}X-Untrusted-${field}${after}`);
    }
  });

  it.each([
    'Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=mail.example.org\r\n',
    'Authentication-Results: (mail.example.org) mx.example.net; none\r\n',
    'ARC-Authentication-Results: i=1; mail.example.org; spf=pass\r\n',
    'X: y\r\n Authentication-Results: mail.example.org\r\n',
    'Authentication-Results\r\n',
  ])('stay as they are when they are of others: %j', (field) => {
    for (const size of [1, 7, 1000])
      expect(through(`${field}From: a@b\r\n\r\nbody`, size)).toBe(`${field}From: a@b\r\n\r\nbody`);
  });

  it('change nothing else of any message, however it is cut', () => {
    const piece = fc.constantFrom(
      ...[
        'Authentication-Results:',
        ' mail.example.org',
        ';',
        '\r\n',
        '\n',
        '\r',
        ' ',
        '\t',
        '(',
        ')',
        '"',
        'a: b',
        'X'.repeat(9000),
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 9000 }), (pieces, size) => {
        const message = pieces.join('');
        const result = through(message, size);
        expect(result.replaceAll('X-Untrusted-', '')).toBe(message);
        // No field that is left says what only ours may say. A CR alone begins no line; `^` would take it for an end.
        const end = /(?:^|\n)\r?\n/.exec(result);
        const header = end === null ? result : result.slice(0, end.index + 1);
        expect(header).not.toMatch(/(?:^|\n)authentication-results:[ \t]*mail\.example\.org[ \t]*(?:;|\r?\n[^ \t])/i);
      }),
      { numRuns: 500 },
    );
  });
});
