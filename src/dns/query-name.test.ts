import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeName, reverseName } from './query-name.ts';

describe('normalizeName', () => {
  it('lowers the case and drops the final dot', () => {
    expect(normalizeName('Mail.Example.ORG.')).toBe('mail.example.org');
    expect(normalizeName('_25._tcp.mx.example')).toBe('_25._tcp.mx.example');
  });

  it('refuses what cannot be a name', () => {
    for (const name of ['', '.', 'a..b', '.a', 'a\tb', 'é.example', `${'a'.repeat(64)}.example`, 'a.'.repeat(130)])
      expect(normalizeName(name)).toBeUndefined();
  });
});

describe('reverseName', () => {
  it('reverses addresses of both families', () => {
    expect(reverseName('192.0.2.1')).toBe('1.2.0.192.in-addr.arpa');
    expect(reverseName('2001:db8::567:89ab')).toBe(
      'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
    );
    expect(reverseName('::ffff:192.0.2.1')).toBe('1.2.0.192.in-addr.arpa');
    expect(reverseName('fe80::1%eth0')).toMatch(/^1\.0.*\.8\.e\.f\.ip6\.arpa$/);
    expect(reverseName('mail.example')).toBeUndefined();
    fc.assert(
      fc.property(fc.ipV6(), (address) => void expect(reverseName(address)).toMatch(/^[0-9a-f.]+(ip6|in-addr)\.arpa$/)),
    );
  });
});
