import { readFile } from 'node:fs/promises';
import { ConfigFileError } from './config-error.ts';

/**
 * The first line of a file that holds a secret, read now: a changed file needs no restart.
 * @param hint what to do when the file cannot be read
 * @throws ConfigFileError
 */
export async function firstLineOf(path: string, hint: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ConfigFileError(path, cause, hint);
  });
  return text.split(/\r?\n/, 1)[0] ?? '';
}
