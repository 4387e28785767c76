import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isUnfinishedWrite } from '../runtime/durable-file.ts';
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
const maxDepth = 16;

/**
 * Reads all files of the configuration directory into memory, at once, since writers are held meanwhile. The data directory, if it
 * lies in there, is left out. Links are followed: a certificate is often one. What can't be read in full ends the backup: one without
 * part of the configuration would be no backup of the server.
 */
export function readConfigFiles(configDirectory: string, dataDirectory: string): ConfigFile[] {
  const data = realpathSync(dataDirectory);
  const files: ConfigFile[] = [];
  let bytes = 0;
  const read = (path: string, depth: number): void => {
    for (const entry of readdirSync(join(configDirectory, path), { withFileTypes: true })) {
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      const absolute = join(configDirectory, below);
      // Left by a write that was cut short; its file has the content before or after it.
      if (isUnfinishedWrite(entry.name)) continue;
      const found = statSync(absolute, { throwIfNoEntry: false });
      if (found === undefined) throw unusable(configDirectory, `the link "${below}" leads nowhere`);
      if (found.isDirectory()) {
        if (realpathSync(absolute) === data) continue;
        // A link may lead to a directory above: its depth ends that.
        if (depth >= maxDepth) throw unusable(configDirectory, `"${below}" lies more than ${maxDepth} levels deep`);
        read(below, depth + 1);
        continue;
      }
      if (!found.isFile()) throw unusable(configDirectory, `"${below}" is neither a file nor a directory`);
      bytes += found.size;
      if (bytes > maxBytes || files.length >= maxFiles) {
        throw unusable(configDirectory, `it holds more than ${maxBytes} bytes or ${maxFiles} files`);
      }
      files.push({ path: below, bytes: readFileSync(absolute), mode: found.mode & 0o777 });
    }
  };
  read('', 0);
  return files;
}

function unusable(configDirectory: string, detail: string): RestanteError {
  return new RestanteError(
    'config-unusable',
    `Cannot back up the configuration directory "${configDirectory}": ${detail}`,
    { hint: 'Keep only configuration and keys in it.' },
  );
}
