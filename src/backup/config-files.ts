import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RestanteError } from '../runtime/errors.ts';

export interface ConfigFile {
  /** Relative to the configuration directory, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
}

/** Configuration and keys of 1,000 domains are below 10 MB. More means that the directory holds something else. */
const maxBytes = 64 * 1024 * 1024;
const maxFiles = 20_000;

/**
 * Reads all files of the configuration directory into memory, at once, since writers are held meanwhile. The data directory, if it
 * lies in there, is left out. Links to files are followed: a certificate is often one.
 */
export function readConfigFiles(configDirectory: string, dataDirectory: string): ConfigFile[] {
  const data = realpathSync(dataDirectory);
  const files: ConfigFile[] = [];
  let bytes = 0;
  const read = (path: string, depth: number): void => {
    for (const entry of readdirSync(join(configDirectory, path), { withFileTypes: true })) {
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      const absolute = join(configDirectory, below);
      if (entry.isDirectory()) {
        if (resolve(absolute) !== data && depth < 16) read(below, depth + 1);
        continue;
      }
      const found = statSync(absolute, { throwIfNoEntry: false });
      if (found === undefined || !found.isFile() || /^\..*\.tmp$/.test(entry.name)) continue;
      bytes += found.size;
      if (bytes > maxBytes || files.length >= maxFiles) {
        throw new RestanteError(
          'config-too-large',
          `Cannot back up the configuration directory "${configDirectory}": it holds more than ${maxBytes} bytes or ${maxFiles} files`,
          { hint: 'Keep only configuration and keys in it.' },
        );
      }
      files.push({ path: below, bytes: readFileSync(absolute), mode: found.mode & 0o777 });
    }
  };
  read('', 0);
  return files;
}
