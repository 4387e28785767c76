import { describe, expect, it } from 'vitest';
import { parseHelloName } from './hello-name.ts';

describe('parseHelloName', () => {
  it.each(['mail.example', 'my_old-pc', 'localhost', '[192.0.2.1]', '[IPv6:2001:db8::1]', '192.0.2.1'])(
    'takes %s',
    (name) => {
      expect(parseHelloName(name)).toBe(name);
    },
  );

  it('turns U-labels into A-labels', () => {
    expect(parseHelloName('bücher.example')).toBe('xn--bcher-kva.example');
  });

  it.each(['', 'a b', 'a(b)', 'a;b', '[a', '<a>', 'ü..example', 'a\u202eb', 'a'.repeat(256)])('refuses %j', (name) => {
    expect(() => parseHelloName(name)).toThrow('A domain name or address literal is needed');
  });
});
