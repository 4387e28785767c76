import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { ConfigError } from './config-error.ts';
import { readConfigFile } from './read-config-file.ts';

/**
 * The data directory that `restante.yaml` names, without validating the file: all that a command which talks to a running server
 * needs, and quick, since no schema is loaded.
 * @throws ConfigFileError, ConfigError
 */
export async function findDataDirectory(path: string): Promise<string> {
  const absolute = resolve(path);
  const document = parseDocument(await readConfigFile(absolute), { prettyErrors: false });
  const found: unknown = document.errors.length > 0 ? undefined : document.get('dataDirectory');
  if (typeof found === 'string' && found !== '') return resolve(dirname(absolute), found);
  throw new ConfigError([
    { file: absolute, line: 1, column: 1, key: 'dataDirectory', message: 'cannot be read, accepted: a path' },
  ]);
}
