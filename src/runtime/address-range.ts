import { isIPv4, isIPv6 } from 'node:net';

/** The 16 bytes of an IPv6 address, or 4 of an IPv4 address (also when written as IPv4-mapped IPv6). */
export function addressBytes(address: string): Uint8Array {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  const plain = mapped?.[1] ?? address.replace(/%.*$/, '');
  if (isIPv4(plain)) return Uint8Array.from(plain.split('.').map(Number));
  if (!isIPv6(plain)) throw new TypeError(`Cannot read IP address "${address}"`);
  const withHex = plain.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const word = (high: string, low: string): string => ((Number(high) << 8) | Number(low)).toString(16);
    return `${word(a, b)}:${word(c, d)}`;
  });
  const [head = '', tail] = withHex.split('::');
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const front = words(head);
  const back = tail === undefined ? [] : words(tail);
  const all = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

function masked(bytes: Uint8Array, bits: number): string {
  const hex: string[] = [];
  for (let at = 0; at * 8 < bits; at++) {
    const keep = Math.min(8, bits - at * 8);
    hex.push((bytes[at] & (0xff << (8 - keep)) & 0xff).toString(16).padStart(2, '0'));
  }
  return `${bytes.length === 4 ? '4' : '6'}:${bits}:${hex.join('')}`;
}

/**
 * Keys of the three ranges an address is counted in: for IPv4 /32, /26 and /21, for IPv6 /64, /48 and /32. A sender who owns a
 * whole range of addresses is one sender.
 */
export function addressRanges(address: string): [narrow: string, middle: string, wide: string] {
  const bytes = addressBytes(address);
  const [narrow, middle, wide] = bytes.length === 4 ? [32, 26, 21] : [64, 48, 32];
  return [masked(bytes, narrow), masked(bytes, middle), masked(bytes, wide)];
}

/** Whether an address is this machine's own, whichever way it is written. */
export function isLoopback(address: string): boolean {
  const bytes = addressBytes(address);
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
}

/** Whether an address lies in a network written as `192.0.2.0/24`, `2001:db8::/32` or a single address. */
export function inNetwork(address: string, network: string): boolean {
  const [base = '', prefix] = network.split('/');
  const wanted = addressBytes(base);
  const given = addressBytes(address);
  if (wanted.length !== given.length) return false;
  const bits = prefix === undefined ? wanted.length * 8 : Number(prefix);
  return masked(wanted, bits) === masked(given, bits);
}

/** Networks that no host of the internet at large is in: RFC 6890, and multicast. */
const specialNetworks = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/127',
  '::ffff:0:0/96',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
  '2001:db8::/32',
];

/** Whether an address may be that of a host anywhere, and is not of this machine or a network of its own. */
export function isPublicAddress(address: string): boolean {
  return !specialNetworks.some((network) => inNetwork(address, network));
}
