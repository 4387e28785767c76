import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { RestanteError } from '../runtime/errors.ts';
import { splitAddress } from './address-text.ts';
import type { DomainsConfig } from './domains-config.ts';
import type { DomainsEdit } from './domains-edit-schema.ts';

export interface AccountToRestore {
  readonly changes: readonly DomainsEdit[];
  /** What can't come back, in a person's words. */
  readonly leftOut: readonly string[];
}

interface OldAccount {
  readonly domain?: string;
  readonly addresses?: Record<string, unknown>;
  readonly routes?: readonly { transport?: string }[];
}

interface OldDomains {
  readonly accounts?: Record<string, OldAccount>;
  readonly domains?: Record<string, { catchAll?: { account?: string } } | null>;
  readonly aliases?: Record<string, { members?: string[] }>;
}

/**
 * The changes that give the configuration an account back, as an earlier `domains.yaml` has it: its settings, the addresses that nobody has
 * taken since, and its place in aliases that are still there.
 * @param path of the earlier file
 * @param transports names of those that are configured now
 * @throws RestanteError `account-not-in-backup`, `domain-gone`
 */
export async function restoredAccount(
  path: string,
  name: string,
  config: DomainsConfig,
  transports: readonly string[],
): Promise<AccountToRestore> {
  const old = parse(await readFile(path, 'utf8')) as OldDomains | null;
  const settings = old?.accounts?.[name];
  if (settings === undefined) {
    throw new RestanteError('account-not-in-backup', `Cannot find account "${name}" in the configuration "${path}"`, {
      hint: 'Add it: restante config account add; then restore its mail.',
    });
  }
  const { addressBook } = config;
  if (!addressBook.isLocalDomain(String(settings.domain))) {
    throw new RestanteError(
      'domain-gone',
      `Cannot bring account "${name}" back: its domain "${settings.domain}" is not configured`,
      {
        hint: `Add the domain first: restante config domain add ${settings.domain}`,
      },
    );
  }
  const leftOut: string[] = [];
  const addresses: Record<string, unknown> = {};
  for (const [address, value] of Object.entries(settings.addresses ?? {})) {
    const domain = splitAddress(address)?.domain ?? '';
    if (!addressBook.isLocalDomain(domain)) leftOut.push(`address ${address}: domain "${domain}" is not configured`);
    else if (isTaken(config, address)) leftOut.push(`address ${address}: somebody else has it now`);
    else addresses[address] = value ?? {};
  }
  const routes = (settings.routes ?? []).filter(({ transport = '' }) => {
    const isKnown = ['direct', 'fail', ...transports].includes(transport);
    if (!isKnown) leftOut.push(`route to transport ${transport}: it is not configured`);
    return isKnown;
  });
  const kept = { ...settings, addresses, ...(settings.routes === undefined ? {} : { routes }) };
  const changes: DomainsEdit[] = [{ edit: 'putAccount', account: name, settings: kept }];
  for (const [domain, was] of Object.entries(old?.domains ?? {})) {
    if (was?.catchAll?.account === name) leftOut.push(`catch-all of ${domain}: the domain keeps what it has now`);
  }
  for (const [alias, { members = [] }] of Object.entries(old?.aliases ?? {})) {
    const own = members.filter((member) => Object.hasOwn(addresses, member));
    if (own.length === 0) continue;
    const now = config.aliases[alias];
    if (now === undefined) {
      leftOut.push(`alias ${alias}: it is gone`);
      continue;
    }
    const missing = own.filter((member) => !now.members.includes(member));
    if (missing.length > 0) changes.push({ edit: 'addAliasMembers', address: alias, members: missing });
  }
  return { changes, leftOut };
}

function isTaken({ accounts, aliases }: DomainsConfig, address: string): boolean {
  const wanted = address.toLowerCase();
  const all = [
    ...Object.values(accounts).flatMap((account) => Object.keys(account.addresses)),
    ...Object.keys(aliases),
  ];
  return all.some((each) => each.toLowerCase() === wanted);
}
