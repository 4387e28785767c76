import { readFileSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CapturedFile, DurablePart } from '../database/durable-part.ts';

interface SmallFile {
  /** Relative to the data directory. */
  readonly path: string;
  /** One that is not required is passed over when it is not there. */
  readonly required: boolean;
  /** @returns what is wrong with its bytes, such as "has 3 bytes instead of 16" */
  readonly wrongWith?: (bytes: Buffer) => string | undefined;
}

const hint = 'Restore the file from a backup.';

/** A part of a few small files at fixed paths, such as keys. */
export function createSmallFilesPart(name: string, files: readonly SmallFile[]): DurablePart {
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
      for (const { path, required, wrongWith } of files) {
        const found = await stat(join(directory, path)).catch(() => undefined);
        if (found === undefined && required) {
          yield { severity: 'error', code: 'file-missing', message: `The file "${path}" is missing`, path, hint };
        } else if (found !== undefined && !found.isFile()) {
          yield { severity: 'error', code: 'not-a-file', message: `"${path}" is not a regular file`, path, hint };
        } else if (found !== undefined) {
          const wrong = wrongWith?.(await readFile(join(directory, path)));
          if (wrong === undefined) continue;
          yield {
            severity: 'error',
            code: 'file-damaged',
            message: `The file "${path}" is damaged: it ${wrong}`,
            path,
            hint,
          };
        }
      }
    },
  };
}
