import { basename, dirname, isAbsolute, join } from 'node:path';
import { AddressBook } from './address-book.ts';
import { checkDomains } from './check-domains.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { type DomainsSettings, domainsSchema } from './domains-schema.ts';
import { readConfigFile } from './read-config-file.ts';
import type { StaticConfig } from './static-config.ts';
import { YamlSource } from './yaml-source.ts';

/** What `domains.yaml` says, checked against itself and `restante.yaml`. */
export interface DomainsConfig extends DomainsSettings {
  addressBook: AddressBook;
}

/**
 * Reads and validates `domains.yaml`.
 * @throws ConfigFileError, ConfigError with all problems of the file
 */
export async function loadDomainsConfig(staticConfig: StaticConfig): Promise<DomainsConfig> {
  return parseDomainsConfig(staticConfig, await readConfigFile(staticConfig.domainsPath));
}

/** @throws ConfigError */
export function parseDomainsConfig(staticConfig: StaticConfig, text: string): DomainsConfig {
  const source = new YamlSource(basename(staticConfig.domainsPath), text);
  const problems: ConfigProblem[] = [];
  const settings = source.read(domainsSchema, problems);
  if (settings !== undefined) checkDomains(source, settings, staticConfig, problems);
  if (settings === undefined || problems.length > 0) throw new ConfigError(problems);
  const absolute = withAbsolutePaths(settings, dirname(staticConfig.domainsPath));
  return { ...absolute, addressBook: new AddressBook(absolute, staticConfig) };
}

function withAbsolutePaths(settings: DomainsSettings, directory: string): DomainsSettings {
  const absolute = (path: string): string => (isAbsolute(path) ? path : join(directory, path));
  const domains = Object.entries(settings.domains).map(([name, domain]) => {
    const selectors = Object.entries(domain.dkim.selectors).map(
      ([selector, { privateKeyFile }]) => [selector, { privateKeyFile: absolute(privateKeyFile) }] as const,
    );
    return [name, { ...domain, dkim: { ...domain.dkim, selectors: Object.fromEntries(selectors) } }] as const;
  });
  const accounts = Object.entries(settings.accounts).map(([name, account]) => {
    const { outgoingWebhook: outgoing, incomingWebhook: incoming } = account;
    return [
      name,
      {
        ...account,
        outgoingWebhook: outgoing && {
          ...outgoing,
          authorizationFile: outgoing.authorizationFile && absolute(outgoing.authorizationFile),
        },
        incomingWebhook: incoming && {
          ...incoming,
          authorizationFile: incoming.authorizationFile && absolute(incoming.authorizationFile),
        },
      },
    ] as const;
  });
  return { ...settings, domains: Object.fromEntries(domains), accounts: Object.fromEntries(accounts) };
}
