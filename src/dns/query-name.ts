import { isIPv4, isIPv6 } from 'node:net';

/** DNS names may hold any bytes; those that SPF macros make may hold spaces. */
const label = /^[\x20-\x2d\x2f-\x7e]{1,63}$/;

/**
 * @returns the name in lower case without final dot; undefined for what can't be a name, which therefore doesn't exist
 * Source: RFC 1035 §2.3.4
 */
export function normalizeName(name: string): string | undefined {
  const bare = (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
  if (bare.length === 0 || bare.length > 253) return undefined;
  return bare.split('.').every((part) => label.test(part)) ? bare : undefined;
}

/**
 * @param address IPv4 or IPv6, as sockets give it: mapped IPv4 addresses are looked up as IPv4, a zone is left out
 * @returns undefined for what is no address
 * Source: RFC 1035 §3.5, RFC 3596 §2.5
 */
export function reverseName(address: string): string | undefined {
  if (isIPv4(address)) return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
  const bare = address.replace(/%.*$/, '');
  if (!isIPv6(bare)) return undefined;
  // The URL parser writes any IPv6 address in its shortest form: no dotted part is left.
  const [head, tail] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split('::') as [string, string?];
  const left = head === '' ? [] : head.split(':');
  const right = tail ? tail.split(':') : [];
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  const digits = groups.map((group) => group.padStart(4, '0')).join('');
  // RFC 4291 §2.5.5.2: ::ffff:0:0/96.
  if (digits.startsWith(`${'0'.repeat(20)}ffff`))
    return `${[...Buffer.from(digits.slice(24), 'hex')].reverse().join('.')}.in-addr.arpa`;
  return `${[...digits].reverse().join('.')}.ip6.arpa`;
}
