import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../runtime/limits.ts';
import { parseArcResults } from './arc-results.ts';

/** `method=result {properties}` of each. */
function shown(value: string): string[] | undefined {
  return parseArcResults(value)?.results.map(({ method, result, properties }) => {
    return `${method}=${result}${[...properties].map(([name, text]) => ` ${name}=${text}`).join('')}`;
  });
}

describe('ARC-Authentication-Results', () => {
  it('has results with their properties', () => {
    const google =
      ' i=2; mx.google.com;\r\n       dkim=pass header.i=@example.org header.s=s1 header.b="a/b+c=";\r\n' +
      '       arc=pass (i=1 spf=pass spfdomain=example.org dkim=pass);\r\n' +
      '       spf=pass (google.com: domain of x@example.org designates 192.0.2.1 as permitted sender) smtp.mailfrom="x y"@example.org;\r\n' +
      '       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=example.org\r\n';
    expect(parseArcResults(google)).toMatchObject({ instance: 2, server: 'mx.google.com' });
    expect(shown(google)).toEqual([
      'dkim=pass header.i=@example.org header.s=s1 header.b=a/b+c=',
      'arc=pass',
      'spf=pass smtp.mailfrom=x y@example.org',
      'dmarc=pass header.from=example.org',
    ]);
    // As Microsoft writes it: with a version, and with what is no property.
    expect(
      shown(
        'i=1; mx.microsoft.com 1; SPF = Pass smtp.MailFrom = a.example; dmarc=pass action=none header.from=a.example',
      ),
    ).toEqual(['spf=pass smtp.mailfrom=a.example', 'dmarc=pass header.from=a.example']);
    expect(
      shown('i=1; a.example; dkim/1=fail reason="it \\"is\\" old" header.d=b.example header.d=c.example;;'),
    ).toEqual(['dkim=fail header.d=b.example']);
    expect(shown('i=1; a.example; none')).toEqual([]);
    expect(shown('i=1;')).toEqual([]);
  });

  it('takes nothing for a result that is in a comment or in quotes', () => {
    for (const text of [
      'x=fail (; dmarc=pass',
      'x=fail (a (b) ; dmarc=pass )',
      'x=fail (\\) ; dmarc=pass )',
      'x=fail (") ; dmarc=pass'.replace(')', '('),
      'x=fail reason="; dmarc=pass',
      'x=fail reason="\\"; dmarc=pass "',
      'x=fail reason="(" y="; dmarc=pass"',
      'x=fail dmarc=pass',
      'x fail; "=" dmarc=pass',
      '"dmarc=pass"',
    ]) {
      expect(shown(`i=1; a.example; ${text}`), text).not.toContain('dmarc=pass');
    }
  });

  it('has no number unless one stands at its place', () => {
    for (const text of [
      '',
      'a.example; dmarc=pass',
      'i=; a',
      'i=1',
      'i=100; a',
      'i=1 x; a',
      'I=1; a',
      'j=1; a',
      'i="; a',
    ]) {
      expect(parseArcResults(text), text).toBeUndefined();
    }
    expect(parseArcResults('(x)\r\n\ti (y) = (z) 7 ; a.example')).toMatchObject({ instance: 7, server: 'a.example' });
  });

  it('is read in time with its length, whatever it is, and up to a limit', () => {
    const piece = fc.constantFrom(...' \t;="()\\,.@/', '\r\n', 'i=1;', 'dmarc=pass', 'header.from=a', 'é', '\0');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (parts) => {
        const { results = [] } = parseArcResults(`i=1; a; ${parts.join('')}`) ?? {};
        for (const { method, result } of results) expect(`${method}=${result}`).toMatch(/^[a-z0-9-]+=[a-z0-9-]+$/);
        // Hidden, it says nothing.
        const hidden = parts.join('').replaceAll(/[()"\\]/g, '\\$&');
        const expected = parseArcResults('i=1; a; spf=pass p.q=1; x=y');
        expect(parseArcResults(`i=1; a; spf=pass (${hidden}) p.q=1; x=y`)).toEqual(expected);
        expect(parseArcResults(`i=1; a; spf=pass reason="${hidden}" p.q=1; x=y`)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
    const started = performance.now();
    for (const part of ['"', '\\"', '(', '(\\"', '("', ')', ';', '=', ' ', 'a=b ', 'x;', '"a"']) {
      parseArcResults(`i=1; a;x=y ${part.repeat(limits.arcHeaderBytes / part.length)}`);
    }
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(shown(`i=1; a;${'x=y;'.repeat(1000)}`)).toHaveLength(limits.authenticationResults);
    expect(shown(`i=1; a; x=y${' p.q=1'.repeat(10)}`)).toEqual(['x=y p.q=1']);
  });
});
