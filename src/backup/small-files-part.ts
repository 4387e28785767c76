import { readFileSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CapturedFile, DurablePart } from '../database/durable-part.ts';

/**
 * A part of a few small files at fixed paths, such as keys. A file that is not there is passed over unless it is required.
 * @param files paths relative to the data directory
 */
export function createSmallFilesPart(name: string, files: readonly { path: string; required: boolean }[]): DurablePart {
  let captured: CapturedFile[] = [];
  return {
    name,
    owns: (path) => files.some((file) => file.path === path),
    async captureAtInstant(dataDirectory) {
      captured = [];
      for (const { path, required } of files) {
        const absolute = join(dataDirectory, path);
        try {
          const mode = statSync(absolute).mode & 0o777;
          captured.push({ kind: 'content', path, bytes: readFileSync(absolute), mode });
        } catch (error) {
          if (required || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        }
      }
    },
    async *capture() {
      yield* captured;
    },
    async *verify(directory) {
      for (const { path, required } of files) {
        const found = await stat(join(directory, path)).catch(() => undefined);
        if (found === undefined && required) {
          yield { severity: 'error', code: 'file-missing', message: `The file "${path}" is missing`, path };
        } else if (found !== undefined && !found.isFile()) {
          yield { severity: 'error', code: 'not-a-file', message: `"${path}" is not a regular file`, path };
        }
      }
    },
  };
}
