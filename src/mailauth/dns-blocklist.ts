import { DnsError } from '../dns/dns-error.ts';
import type { Resolver } from '../dns/resolver.ts';
import { addressBytes } from '../runtime/address-range.ts';

export interface BlocklistEntry {
  readonly list: string;
  /** What the list says of the address, for people; may be empty. */
  readonly text: string;
}

/** A list that answers what it must not: it is wrong, or does not want to be asked by this resolver. */
export class BlocklistError extends Error {
  constructor(list: string, detail: string) {
    super(`DNS blocklist ${list}: ${detail}`);
  }
}

/**
 * Asks a list about the address of an SMTP client.
 * @returns undefined when the address is not listed
 * @throws DnsError `temporary`, BlocklistError, the signal's reason
 * Source: RFC 5782 §2
 */
export async function lookUpBlocklist(
  resolver: Pick<Resolver, 'a' | 'txt'>,
  list: string,
  ip: string,
  signal: AbortSignal,
): Promise<BlocklistEntry | undefined> {
  const name = `${reversed(ip)}.${list}`;
  const codes = await recordsOf(() => resolver.a(name, signal));
  if (codes.length === 0) return undefined;
  const strange = codes.find((code) => !code.startsWith('127.'));
  if (strange !== undefined) throw new BlocklistError(list, `answers ${strange}, which is no answer of a list`);
  // Spamhaus and others say so to who asks through a public resolver, or too often.
  const refused = codes.find((code) => code.startsWith('127.255.255.'));
  if (refused !== undefined) throw new BlocklistError(list, `refuses to answer this resolver (${refused})`);
  const [text = ''] = await recordsOf(() => resolver.txt(name, signal)).catch((): string[] => []);
  return { list, text: text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200) };
}

/**
 * Whether a list works: it lists the address that each list must list, and not the one that none may.
 * @throws DnsError, BlocklistError
 * Source: RFC 5782 §5
 */
export async function checkBlocklist(
  resolver: Pick<Resolver, 'a' | 'txt'>,
  list: string,
  signal: AbortSignal,
): Promise<void> {
  if ((await lookUpBlocklist(resolver, list, '127.0.0.1', signal)) !== undefined) {
    throw new BlocklistError(list, 'lists 127.0.0.1, which no list may: it lists everything');
  }
  if ((await lookUpBlocklist(resolver, list, '127.0.0.2', signal)) === undefined) {
    throw new BlocklistError(list, 'does not list 127.0.0.2, which each list must: it is gone, or lists nothing');
  }
}

async function recordsOf(ask: () => Promise<{ records: readonly string[] }>): Promise<readonly string[]> {
  try {
    return (await ask()).records;
  } catch (error) {
    if (error instanceof DnsError && error.kind !== 'temporary') return [];
    throw error;
  }
}

/** RFC 5782 §2.1, §2.4 */
function reversed(ip: string): string {
  const bytes = addressBytes(ip);
  if (bytes.length === 4) return [...bytes].reverse().join('.');
  return [...Buffer.from(bytes).toString('hex')].reverse().join('.');
}
