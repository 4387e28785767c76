import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZoneResolver } from '../../../dns/zone-fixture.ts';
import { limits } from '../../../runtime/limits.ts';
import { findReportDestinations } from './report-destinations.ts';
import { parseReportUri } from './report-uri.ts';

const { signal } = new AbortController();

async function found(resolver: ZoneResolver, ...uris: string[]) {
  const destinations = await findReportDestinations({ resolver, policyDomain: 'example.org', uris, signal });
  return destinations.map(({ addresses, problem }) => problem ?? addresses.map(({ address }) => address).join(' '));
}

describe('addresses for reports', () => {
  it('are read with their limit of size', () => {
    const at = { localpart: 'a', domain: 'example.org' };
    expect(parseReportUri('mailto:a@example.org')).toEqual({ ...at, maxBytes: undefined });
    expect(parseReportUri('MAILTO:a@Example.ORG!10m')).toEqual({ ...at, maxBytes: 10 * 2 ** 20 });
    expect(parseReportUri('mailto:a@example.org!500')).toEqual({ ...at, maxBytes: 500 });
    expect(parseReportUri('mailto:a%21b@bücher.example?subject=x!2K')).toEqual({
      localpart: 'a!b',
      domain: 'xn--bcher-kva.example',
      maxBytes: 2048,
    });
    for (const wrong of [
      'https://example.org',
      'mailto:',
      'mailto:a',
      'mailto:@example.org',
      'mailto:a@example.org!10x',
      'mailto:a@example.org,b@example.org',
      'mailto:a%0d%0aBcc:b@example.org',
      'mailto:%',
      'mailto:a b@example.org',
      'mailto:<a@example.org>',
      'mailto:a@b@example.org',
      'mailto:.a@example.org',
      'mailto:a@-',
    ]) {
      expect(parseReportUri(wrong), wrong).toBeUndefined();
    }
    fc.assert(fc.property(fc.string(), (text) => void parseReportUri(`mailto:${text}`)));
  });

  it('of the same organisation are taken as they are', async () => {
    const resolver = new ZoneResolver();
    resolver.add('_dmarc.example.org', 'TXT', 'v=DMARC1; p=none');
    expect(await found(resolver, 'mailto:a@example.org', 'mailto:b@reports.example.org')).toEqual([
      'a@example.org',
      'b@reports.example.org',
    ]);
  });

  it('of others get nothing unless the others say so, and may be replaced by theirs', async () => {
    const resolver = new ZoneResolver();
    resolver.add('example.org._report._dmarc.yes.example', 'TXT', 'v=DMARC1');
    resolver.add(
      'example.org._report._dmarc.own.example',
      'TXT',
      'v=DMARC1; rua=mailto:x@own.example!1k,mailto:y@own.example',
    );
    resolver.add('example.org._report._dmarc.away.example', 'TXT', 'v=DMARC1; rua=mailto:victim@bank.example');
    resolver.add('example.org._report._dmarc.spf.example', 'TXT', 'v=spf1 -all');
    resolver.add('*._report._dmarc.no.example', 'TXT', 'v=DMARC1');
    expect(
      await found(resolver, ...['yes', 'own', 'away', 'spf', 'no'].map((name) => `mailto:a@${name}.example`)),
    ).toEqual([
      'a@yes.example',
      'x@own.example y@own.example',
      'a@away.example',
      expect.stringContaining('does not say at example.org._report._dmarc.spf.example'),
      expect.stringContaining('does not say'),
    ]);
    resolver.fail('example.org._report._dmarc.slow.example');
    await expect(found(resolver, 'mailto:a@slow.example')).rejects.toMatchObject({ kind: 'temporary' });
  });

  it('are no more than the limit, however many a domain names', async () => {
    const uris = Array.from({ length: limits.dmarcReportAddresses + 3 }, (_, at) => `mailto:a${at}@example.org`);
    const all = await found(new ZoneResolver(), ...uris);
    expect(all.filter((each) => each.startsWith('only the first'))).toHaveLength(3);
    expect(await found(new ZoneResolver(), 'ftp://x')).toEqual(['it is no address that mail can be sent to']);
  });
});
