import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineEndChecker } from './line-end-checker.ts';

describe('LineEndChecker', () => {
  it('finds every CR and LF that is not part of a CRLF, however the bytes are split', () => {
    const text = fc.array(fc.constantFrom('\r', '\n', '\r\n', 'a'), { maxLength: 20 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 4 })), (wire, sizes) => {
        const checker = new LineEndChecker();
        let at = 0;
        for (const size of [...sizes, wire.length]) {
          checker.push(Buffer.from(wire.slice(at, at + size)));
          at += size;
        }
        checker.finish();
        expect(checker.found).toBe(wire.replaceAll('\r\n', '').match(/[\r\n]/) !== null);
      }),
      { numRuns: 2000 },
    );
  });
});
