import { readFile } from 'node:fs/promises';
import { ConfigFileError } from './config-error.ts';
import type { StaticSettings, TransportSettings } from './static-schema.ts';

interface RelayTransport extends Pick<TransportSettings, 'host' | 'port' | 'tls'> {
  credentials?: { login: string; password: string };
}

/**
 * The server that takes all mail that isn't local, with its password read; undefined when mail goes straight to its domain's own.
 * @throws ConfigFileError when the file with the password cannot be read
 */
export async function relayTransport(
  settings: Pick<StaticSettings, 'relay' | 'transports'>,
): Promise<RelayTransport | undefined> {
  if (settings.relay === undefined) return undefined;
  const { host, port, tls, username, passwordFile } = settings.transports[settings.relay];
  if (username === undefined || passwordFile === undefined) return { host, port, tls };
  const text = await readFile(passwordFile, 'utf8').catch((cause: unknown) => {
    throw new ConfigFileError(passwordFile, cause, 'Put the password of the relay on the first line of that file.');
  });
  return { host, port, tls, credentials: { login: username, password: text.split(/\r?\n/, 1)[0] ?? '' } };
}
