import { readFile } from 'node:fs/promises';
import { ConfigFileError } from './config-error.ts';

/** @throws ConfigFileError */
export async function readConfigFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigFileError(
      path,
      cause,
      'Name the file with --config FILE or RESTANTE_CONF, or make one with "restante quickstart" or "restante localserve".',
    );
  }
}
