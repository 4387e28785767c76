import { readFile } from 'node:fs/promises';
import { ConfigFileError } from './config-error.ts';
import type { TransportSettings } from './static-schema.ts';

/**
 * What a transport logs in with, its password read now: a changed file needs no restart.
 * @throws ConfigFileError when the file with the password cannot be read
 */
export async function transportLogin(
  username: NonNullable<TransportSettings['username']>,
  passwordFile: NonNullable<TransportSettings['passwordFile']>,
): Promise<{ login: string; password: string }> {
  const text = await readFile(passwordFile, 'utf8').catch((cause: unknown) => {
    throw new ConfigFileError(passwordFile, cause, 'Put the password of the transport on the first line of that file.');
  });
  return { login: username, password: text.split(/\r?\n/, 1)[0] ?? '' };
}
