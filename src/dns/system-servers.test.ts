import { describe, expect, it } from 'vitest';
import { parseServerAddress } from './server-address.ts';
import { parseResolvConf, readSystemServers } from './system-servers.ts';

describe('parseResolvConf', () => {
  it('reads servers, and trusts remote ones only where the system says so', () => {
    const text = '# local\nnameserver 192.0.2.1\nnameserver 2001:db8::1\nsearch example.org\nnameserver junk\n';
    const servers = [
      { address: '192.0.2.1', port: 53 },
      { address: '2001:db8::1', port: 53 },
    ];
    expect(parseResolvConf(text)).toEqual({ servers, trustAuthentic: false });
    expect(parseResolvConf(`${text}options edns0 trust-ad\n`)).toEqual({ servers, trustAuthentic: true });
    expect(parseResolvConf('nameserver 127.0.0.53')).toMatchObject({ trustAuthentic: true });
  });

  it('takes the server on this machine when none is named', async () => {
    expect(await readSystemServers('/nonexistent/resolv.conf')).toEqual({
      servers: [{ address: '127.0.0.1', port: 53 }],
      trustAuthentic: true,
    });
  });
});

describe('parseServerAddress', () => {
  it('reads addresses with and without port', () => {
    expect(parseServerAddress('127.0.0.1:5353')).toEqual({ address: '127.0.0.1', port: 5353 });
    expect(parseServerAddress('::1')).toEqual({ address: '::1', port: 53 });
    expect(parseServerAddress('[2001:db8::1]:54')).toEqual({ address: '2001:db8::1', port: 54 });
    for (const text of ['localhost', '127.0.0.1:0', '127.0.0.1:99999', '[::1', ''])
      expect(() => parseServerAddress(text)).toThrow('Cannot use DNS server');
  });
});
