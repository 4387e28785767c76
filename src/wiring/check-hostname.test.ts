import { describe, expect, it } from 'vitest';
import { DnsServer, type Zone } from '../../tests/harness/dns-server.ts';
import { StubResolver } from '../dns/stub-resolver.ts';
import { systemClock } from '../runtime/clock.ts';
import { type Log, silentLog } from '../runtime/log.ts';
import { checkHostname } from './check-hostname.ts';

/** What is warned of. */
async function warnings(hostname: string, zone: Zone, fault?: 'servfail'): Promise<{ fields: object; text: string }[]> {
  await using dns = await DnsServer.start(zone);
  if (fault !== undefined) dns.misbehave = () => fault;
  const resolver = await StubResolver.open({ servers: [dns.address], clock: systemClock, timeoutMs: 500, rounds: 1 });
  const found: { fields: object; text: string }[] = [];
  const log: Log = { ...silentLog, warn: (fields, text) => found.push({ fields, text }) };
  await checkHostname(hostname, { resolver, log, signal: new AbortController().signal });
  return found;
}

describe('the name of this host', () => {
  it('is fine when its addresses lead back to it', async () => {
    const zone = {
      'mail.example.org': { A: ['192.0.2.1'], AAAA: ['2001:db8::1'] },
      '1.2.0.192.in-addr.arpa': { PTR: ['other.example.org', 'Mail.Example.org'] },
      '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa': { PTR: ['mail.example.org'] },
    };
    expect(await warnings('Mail.example.org', zone)).toEqual([]);
    expect(await warnings('localhost', {})).toEqual([]);
  });

  it('is warned of when an address leads elsewhere or nowhere, or there is none', async () => {
    const zone = {
      'mail.example.org': { A: ['192.0.2.1', '192.0.2.2'] },
      '1.2.0.192.in-addr.arpa': { PTR: ['host-1.provider.example'] },
    };
    const found = await warnings('mail.example.org', zone);
    expect(found.map(({ fields }) => fields)).toEqual([
      { hostname: 'mail.example.org', address: '192.0.2.1', names: ['host-1.provider.example'] },
      { hostname: 'mail.example.org', address: '192.0.2.2', names: [] },
    ]);
    expect(await warnings('mail.example.org', {})).toMatchObject([{ text: expect.stringContaining('no address') }]);
  });

  it('is warned of when DNS does not answer', async () => {
    expect(await warnings('mail.example.org', {}, 'servfail')).toMatchObject([
      { text: 'Cannot look the hostname up in DNS' },
    ]);
  });
});
