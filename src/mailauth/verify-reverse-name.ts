import { DnsError } from '../dns/dns-error.ts';
import type { Resolver } from '../dns/resolver.ts';
import { addressBytes } from '../runtime/address-range.ts';
import { limits } from '../runtime/limits.ts';

export interface ReverseNameVerdict {
  /** `permerror`: the address has no name at all; `fail`: none of its names leads back to it. */
  readonly result: 'pass' | 'fail' | 'temperror' | 'permerror';
  /** Of `pass`: the name; lower case, without final dot. */
  readonly name?: string;
}

/**
 * Whether the address of a client has a name in the DNS that leads back to it.
 * @throws the signal's reason
 * Source: RFC 8601 §2.7.3
 */
export async function verifyReverseName(
  resolver: Pick<Resolver, 'ptr' | 'a' | 'aaaa'>,
  ip: string,
  signal: AbortSignal,
): Promise<ReverseNameVerdict> {
  const address = Buffer.from(addressBytes(ip));
  const look = (name: string) => (address.length === 4 ? resolver.a(name, signal) : resolver.aaaa(name, signal));
  const names = await recordsOf(() => resolver.ptr(ip, signal));
  if (names === undefined) return { result: 'temperror' };
  if (names.length === 0) return { result: 'permerror' };
  const found = await Promise.all(
    names.slice(0, limits.reverseNames).map(async (name) => ({ name, addresses: await recordsOf(() => look(name)) })),
  );
  const confirmed = found.find(({ addresses }) => addresses?.some((each) => address.equals(addressBytes(each))));
  if (confirmed !== undefined) return { result: 'pass', name: confirmed.name.toLowerCase().replace(/\.$/, '') };
  return { result: found.some(({ addresses }) => addresses === undefined) ? 'temperror' : 'fail' };
}

/** @returns none when there are none; undefined when nobody could say */
async function recordsOf(ask: () => Promise<{ records: readonly string[] }>): Promise<readonly string[] | undefined> {
  try {
    return (await ask()).records;
  } catch (error) {
    if (!(error instanceof DnsError)) throw error;
    return error.kind === 'temporary' ? undefined : [];
  }
}
