import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { isLoopback, type ServerAddress } from './server-address.ts';

export interface SystemServers {
  servers: ServerAddress[];
  /** Their word on DNSSEC counts: `options trust-ad`, or all are on this machine. */
  trustAuthentic: boolean;
}

/** Reads the system's DNS servers. Without any it is the one on this machine: resolv.conf(5). */
export async function readSystemServers(path = '/etc/resolv.conf'): Promise<SystemServers> {
  let text = '';
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return parseResolvConf(text);
}

export function parseResolvConf(text: string): SystemServers {
  const servers: ServerAddress[] = [];
  let trusted = false;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    const address = values[0] ?? '';
    // A zone index (fe80::1%eth0) is part of the address.
    if (keyword === 'nameserver' && isIP(address) !== 0) servers.push({ address, port: 53 });
    if (keyword === 'options' && values.includes('trust-ad')) trusted = true;
  }
  if (servers.length === 0) servers.push({ address: '127.0.0.1', port: 53 });
  return { servers, trustAuthentic: trusted || servers.every(isLoopback) };
}
