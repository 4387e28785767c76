import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseError } from './database-error.ts';
import type { DurablePart } from './durable-part.ts';
import type { Migration } from './engine.ts';
import { openDatabaseAtRest } from './open-at-rest.ts';

/**
 * A part that is one database and nothing else. A backup without it is no worse for it: what it holds can be missed.
 * @param part.path below the data directory
 * @param part.hint what mends a damaged one
 */
export function createDatabasePart(part: {
  readonly name: string;
  readonly path: string;
  readonly migrations: readonly Migration[];
  readonly hint: string;
}): DurablePart {
  const { name, path, migrations, hint } = part;
  const owned = new Set([path, `${path}-wal`, `${path}-shm`, `${path}-journal`]);
  return {
    name,
    owns: (given) => owned.has(given),
    async captureAtInstant() {},
    async *capture(_snapshot, dataDirectory) {
      if (existsSync(join(dataDirectory, path))) yield { kind: 'database', path };
    },
    async *verify(directory, { signal, askInThread, databases = directory }) {
      if (!existsSync(join(databases, path))) return;
      const temporary = await mkdtemp(join(tmpdir(), 'restante-verify-'));
      try {
        await using database = await openDatabaseAtRest(join(databases, path), temporary, askInThread);
        for (const finding of await database.check({ migrations, signal })) yield { ...finding, path, hint };
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        const { code, message } = error;
        yield { severity: 'error', code, message, path, hint };
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    },
  };
}
