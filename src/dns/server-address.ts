import { isIP } from 'node:net';
import { RestanteError } from '../runtime/errors.ts';

export interface ServerAddress {
  address: string;
  port: number;
}

/** @param text `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353` */
export function parseServerAddress(text: string): ServerAddress {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const dotted = /^([\d.]+):(\d{1,5})$/.exec(text);
  const [, address = text, port = '53'] = bracketed ?? dotted ?? [];
  if (isIP(address) === 0 || Number(port) < 1 || Number(port) > 65_535)
    throw new RestanteError(
      'dns-server-invalid',
      `Cannot use DNS server "${text}": it is no address with optional port`,
    );
  return { address, port: Number(port) };
}

export function isLoopback(server: ServerAddress): boolean {
  return server.address.startsWith('127.') || server.address === '::1';
}
