import { describe, expect, it } from 'vitest';
import { parseDomainsConfig } from '../config/domains-config.ts';
import { parseStaticConfig } from '../config/static-config.ts';
import { reportDomain } from './report-domain.ts';

function domainFor(hostname: string, domains: Record<string, boolean>): string | undefined {
  const server = parseStaticConfig(
    '/c/restante.yaml',
    `dataDirectory: d\nhostname: ${hostname}\npostmaster: { account: me }\nlisteners: {}\n`,
  );
  const settings = Object.entries(domains).map(
    ([name, signs]) =>
      `  ${name}: ${signs ? '{ dkim: { selectors: { a: { privateKeyFile: a.pem } }, sign: [a] } }' : '{}'}\n`,
  );
  const first = Object.keys(domains)[0];
  const config = parseDomainsConfig(
    server,
    `domains:\n${settings.join('')}accounts: { me: { domain: ${first}, addresses: { me@${first}: } } }\n`,
  );
  return reportDomain(hostname, { config, addressBook: config.addressBook });
}

describe('the domain that reports come from', () => {
  it('is one that signs: of the host, above it, or any', () => {
    expect(domainFor('mail.example.org', { 'a.example': true, 'example.org': true })).toBe('example.org');
    expect(domainFor('mail.example.org', { 'mail.example.org': true, 'example.org': true })).toBe('mail.example.org');
    expect(domainFor('mail.example.org', { 'example.org': false, 'bücher.example': true })).toBe(
      'xn--bcher-kva.example',
    );
    expect(domainFor('mail.example.org', { 'example.org': false })).toBeUndefined();
  });
});
