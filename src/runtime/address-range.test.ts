import { describe, expect, it } from 'vitest';
import { inNetwork, isLoopback, isPublicAddress } from './address-range.ts';

describe('addresses', () => {
  it('of this machine are known in every spelling', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '0:0:0:0:0:0:0:1']) {
      expect(isLoopback(address), address).toBe(true);
    }
    for (const address of ['128.0.0.1', '192.0.2.127', '::', '1::1', '::2', '::ffff:192.0.2.1']) {
      expect(isLoopback(address), address).toBe(false);
    }
  });

  it('lie in a network, or not', () => {
    expect(inNetwork('192.0.2.77', '192.0.2.0/24')).toBe(true);
    expect(inNetwork('192.0.3.1', '192.0.2.0/24')).toBe(false);
    expect(inNetwork('2001:db8:1::5', '2001:db8::/32')).toBe(true);
    expect(inNetwork('192.0.2.1', '2001:db8::/32')).toBe(false);
  });

  it('are of a host anywhere, or only of a network here', () => {
    for (const address of ['8.8.8.8', '172.32.0.1', '198.17.255.255', '2a00:1450::1']) {
      expect(isPublicAddress(address), address).toBe(true);
    }
    const here = [
      '10.1.2.3',
      '192.168.1.1',
      '172.31.0.1',
      '169.254.169.254',
      '127.0.0.1',
      '0.0.0.0',
      '255.255.255.255',
    ];
    for (const address of [
      ...here,
      '::',
      '::1',
      'fe80::1',
      'fd00::1',
      'ff02::1',
      '::ffff:10.1.2.3',
      '::ffff:a01:203',
    ]) {
      expect(isPublicAddress(address), address).toBe(false);
    }
  });
});
