import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCapabilities } from './capabilities.ts';

const ehlo = (...lines: string[]) => parseCapabilities({ code: 250, enhancedCode: undefined, lines: ['mx', ...lines] });

describe('parseCapabilities', () => {
  it('reads what is offered, in any case', () => {
    expect(
      ehlo(
        'Pipelining',
        'SIZE 52428800',
        '8BITMIME',
        'AUTH PLAIN login',
        'LIMITS MAILMAX=20 RCPTMAX=50',
        'DSN',
        'CHUNKING',
        'BINARYMIME',
      ),
    ).toMatchObject({
      pipelining: true,
      size: true,
      sizeBytes: 52_428_800,
      eightBitMime: true,
      auth: ['PLAIN', 'LOGIN'],
      recipients: 50,
      dsn: true,
      binaryMime: true,
      smtputf8: false,
    });
  });

  it('takes SIZE without number or with 0 for no limit, and BINARYMIME without CHUNKING for none', () => {
    expect(ehlo('SIZE')).toMatchObject({ size: true, sizeBytes: undefined });
    expect(ehlo('SIZE 0', 'BINARYMIME')).toMatchObject({ size: true, sizeBytes: undefined, binaryMime: false });
    expect(ehlo('SIZE -1', 'LIMITS RCPTMAX=x')).toMatchObject({ sizeBytes: undefined, recipients: undefined });
  });

  it('adds up the two forms of AUTH, and offers nothing after HELO', () => {
    expect(ehlo('AUTH=LOGIN', 'AUTH PLAIN').auth).toEqual(['LOGIN', 'PLAIN']);
    expect(parseCapabilities(undefined)).toMatchObject({ pipelining: false, startTls: false, auth: [] });
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'binary' })), (lines) => void ehlo(...lines)));
  });
});
