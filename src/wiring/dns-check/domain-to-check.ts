import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dkimTxt } from '../../config/dkim-key.ts';
import { domainDnsRecords } from '../../config/domain-dns-records.ts';
import { loadDomainsConfig } from '../../config/domains-config.ts';
import { type OwnMtaStsPolicy, ownMtaStsPolicy } from '../../config/own-mta-sts-policy.ts';
import { readDkimKey } from '../../config/read-dkim-key.ts';
import { loadStaticConfig } from '../../config/static-config.ts';
import { StubResolver } from '../../dns/stub-resolver.ts';
import { certificateTlsa, tlsaText } from '../../mailauth/dane/tlsa.ts';
import { systemClock } from '../../runtime/clock.ts';
import { RestanteError } from '../../runtime/errors.ts';

/** What a domain's DNS records should say, from the configuration and the keys. */
export interface DomainToCheck {
  /** A-labels. */
  readonly domain: string;
  readonly hostname: string;
  readonly dkim: readonly { readonly selector: string; readonly txt: string; readonly signs: boolean }[];
  readonly mtaSts: OwnMtaStsPolicy | undefined;
  /** Addresses that reports are read at; undefined: none. */
  readonly dmarcReports: string | undefined;
  readonly tlsReports: string | undefined;
  /** Whether an address is of this server and does not exist. */
  readonly isUnknownHere: (address: string) => boolean;
  /** Of the certificates that are configured for SMTP, as in a zone. */
  readonly tlsa: readonly string[];
  readonly resolver: StubResolver;
}

/** @throws ConfigError, ConfigFileError; RestanteError when the domain is not configured */
export async function domainToCheck(staticConfigPath: string, name: string): Promise<DomainToCheck> {
  const config = await loadStaticConfig(staticConfigPath);
  const domains = await loadDomainsConfig(config);
  const domain = domains.addressBook.mainDomain(name);
  if (domain === undefined) {
    throw new RestanteError('no-such-domain', `Cannot say what the DNS of "${name}" needs: it is not configured`, {
      hint: 'restante config domain list',
    });
  }
  const settings = domains.domains[domain]!;
  const dkim = await Promise.all(
    Object.entries(settings.dkim.selectors).map(async ([selector, { privateKeyFile }]) => ({
      selector,
      txt: dkimTxt(await readDkimKey(privateKeyFile)),
      signs: settings.dkim.sign.includes(selector),
    })),
  );
  const files = Object.values(config.listeners)
    .filter(({ smtp }) => smtp?.enabled)
    .flatMap(({ tls }) => tls?.certificates ?? []);
  const certificates = await Promise.all(files.map(({ certificateFile }) => readFile(certificateFile)));
  const tlsa = certificates.map((pem) => tlsaText(certificateTlsa(new X509Certificate(pem))));
  return {
    domain,
    hostname: config.hostname,
    dkim,
    mtaSts: ownMtaStsPolicy(settings, config.hostname),
    dmarcReports: settings.dmarcReports && `${settings.dmarcReports.localpart}@${domain}`,
    tlsReports: settings.tlsReports && `${settings.tlsReports.localpart}@${domain}`,
    isUnknownHere: (address) => domains.addressBook.resolveAddress(address).kind === 'unknownUser',
    tlsa: [...new Set(tlsa)],
    resolver: await StubResolver.open({
      servers: config.resolver.servers,
      timeoutMs: config.resolver.timeout,
      clock: systemClock,
    }),
  };
}

/** The records that a configured domain needs, as lines of a zone file with comments. */
export async function dnsRecords(question: { staticConfigPath: string; domain: string }): Promise<string[]> {
  const { mtaSts, ...wanted } = await domainToCheck(question.staticConfigPath, question.domain);
  return domainDnsRecords({ ...wanted, mtaStsId: mtaSts?.id });
}
