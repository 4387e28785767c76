import { describe, expect, it } from 'vitest';
import { InvalidDomainError, normaliseDomain, unicodeDomain } from './domain.ts';

describe('domains', () => {
  it.each([
    ['Example.ORG', 'example.org'],
    ['example.org.', 'example.org'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.example', 'xn--bcher-kva.example'],
    ['XN--Bcher-kva.example', 'xn--bcher-kva.example'],
    ['faß.de', 'xn--fa-hia.de'],
    ['日本。jp', 'xn--wgv71a.jp'],
    ['localhost', 'localhost'],
    ['ab--c.example', 'ab--c.example'],
    ['1.2.3.example', '1.2.3.example'],
  ])('%s is %s', (domain, normalised) => {
    expect(normaliseDomain(domain)).toBe(normalised);
  });

  it.each([
    '',
    '.',
    'a..b',
    '-a.example',
    'a-.example',
    'a_b.example',
    'a b',
    'xn--zzzzzz--.example',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}ab`,
    'a\0b',
    '[192.0.2.1]',
  ])('that are invalid are refused: %j', (domain) => {
    expect(() => normaliseDomain(domain)).toThrow(InvalidDomainError);
  });

  it('are shown in Unicode', () => {
    expect(unicodeDomain('xn--bcher-kva.example')).toBe('bücher.example');
    expect(unicodeDomain('example.org')).toBe('example.org');
    expect(unicodeDomain('xn--zzzzzz99999.example')).toBe('xn--zzzzzz99999.example');
  });
});
