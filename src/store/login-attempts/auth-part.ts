import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseError } from '../../database/database-error.ts';
import type { DurablePart } from '../../database/durable-part.ts';
import { openDatabaseAtRest } from '../../database/open-at-rest.ts';
import { authDatabasePath as path } from './auth-database.ts';
import { migrations } from './operations.ts';

const hint = 'Restore it from a backup, or delete it: it only records who has logged in.';

/** The database of logins, for backups. A backup without one is no worse for it: it holds no mail and no password. */
export function createAuthPart(): DurablePart {
  return {
    name: 'logins',
    owns: (given) => /^auth\.db(?:-wal|-shm|-journal)?$/.test(given),
    async captureAtInstant() {},
    async *capture(_snapshot, dataDirectory) {
      if (existsSync(join(dataDirectory, path))) yield { kind: 'database', path };
    },
    async *verify(directory, { signal, databases = directory }) {
      if (!existsSync(join(databases, path))) return;
      const temporary = await mkdtemp(join(tmpdir(), 'restante-verify-'));
      try {
        await using database = await openDatabaseAtRest(join(databases, path), temporary);
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
