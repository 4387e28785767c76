import { firstLineOf } from './first-line-of.ts';

/**
 * What a transport logs in with, its password read now: a changed file needs no restart.
 * @throws ConfigFileError when the file with the password cannot be read
 */
export async function transportLogin(
  username: string,
  passwordFile: string,
): Promise<{ login: string; password: string }> {
  const hint = 'Put the password of the transport on the first line of that file.';
  return { login: username, password: await firstLineOf(passwordFile, hint) };
}
