import { isIP } from 'node:net';
import { DnsError } from '../dns/dns-error.ts';
import type { DnsAnswer, Resolver } from '../dns/resolver.ts';
import { normaliseDomain } from '../message/domain.ts';
import type { Log } from '../runtime/log.ts';

/**
 * Looks whether DNS knows this host as it calls itself: its name has addresses, and each of them leads back to the name. Other servers
 * refuse mail or take it for junk otherwise. What is wrong is logged; nothing depends on it.
 */
export async function checkHostname(
  hostname: string,
  options: { resolver: Pick<Resolver, 'a' | 'aaaa' | 'ptr'>; log: Log; signal: AbortSignal },
): Promise<void> {
  const { resolver, log, signal } = options;
  const name = normaliseDomain(hostname);
  // `localhost` and addresses: a server that isn't for the world.
  if (!name.includes('.') || isIP(name) !== 0) return;
  try {
    const found = await Promise.all([records(resolver.a(name, signal)), records(resolver.aaaa(name, signal))]);
    const addresses = found.flat();
    if (addresses.length === 0) {
      log.warn({ hostname: name }, 'The hostname has no address in DNS: other servers may refuse mail from here');
    }
    for (const address of addresses) {
      const names = await records(resolver.ptr(address, signal));
      if (names.some((one) => one.toLowerCase() === name)) continue;
      log.warn(
        { hostname: name, address, names },
        'The address of this host does not lead back to its hostname in DNS (PTR): other servers may refuse mail from here',
      );
    }
  } catch (error) {
    if (!signal.aborted) log.warn({ hostname: name, err: error }, 'Cannot look the hostname up in DNS');
  }
}

/** None when there are none. @throws DnsError when DNS doesn't answer */
async function records(answer: Promise<DnsAnswer<string>>): Promise<readonly string[]> {
  try {
    return (await answer).records;
  } catch (error) {
    if (error instanceof DnsError && error.kind !== 'temporary') return [];
    throw error;
  }
}
