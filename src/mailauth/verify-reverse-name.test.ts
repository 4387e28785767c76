import { describe, expect, it } from 'vitest';
import { ZoneResolver } from '../dns/zone-fixture.ts';
import { limits } from '../runtime/limits.ts';
import { verifyReverseName } from './verify-reverse-name.ts';

const { signal } = new AbortController();

function zone(): ZoneResolver {
  const resolver = new ZoneResolver();
  resolver.add('3.2.0.192.in-addr.arpa', 'PTR', 'other.example.net');
  resolver.add('3.2.0.192.in-addr.arpa', 'PTR', 'MX.example.net');
  resolver.add('mx.example.net', 'A', '192.0.2.3');
  resolver.add('4.2.0.192.in-addr.arpa', 'PTR', 'mx.example.net');
  resolver.add('6.2.0.192.in-addr.arpa', 'PTR', 'broken.example.net');
  resolver.add('1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa', 'PTR', 'mx6.example.net');
  resolver.add('mx6.example.net', 'AAAA', '2001:db8::1');
  resolver.fail('5.2.0.192.in-addr.arpa');
  resolver.fail('broken.example.net');
  return resolver;
}

describe('the reverse name of a client', () => {
  it.each([
    ['192.0.2.3', { result: 'pass', name: 'mx.example.net' }],
    ['2001:db8:0::1', { result: 'pass', name: 'mx6.example.net' }],
    ['192.0.2.4', { result: 'fail' }],
    ['192.0.2.5', { result: 'temperror' }],
    ['192.0.2.6', { result: 'temperror' }],
    ['192.0.2.7', { result: 'permerror' }],
  ])('of %s is %o', async (ip, expected) => {
    expect(await verifyReverseName(zone(), ip, signal)).toEqual(expected);
  });

  it('is looked for among few names, however many an address has', async () => {
    const resolver = new ZoneResolver();
    let asked = 0;
    for (let number = 0; number < 50; number++) resolver.add('9.2.0.192.in-addr.arpa', 'PTR', `n${number}.example`);
    const a: ZoneResolver['a'] = (name) => {
      asked++;
      return resolver.a(name);
    };
    const counting = { ptr: (ip: string) => resolver.ptr(ip), a, aaaa: (name: string) => resolver.aaaa(name) };
    expect(await verifyReverseName(counting, '192.0.2.9', signal)).toEqual({ result: 'fail' });
    expect(asked).toBe(limits.reverseNames);
  });
});
