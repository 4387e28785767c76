import { createDatabasePart } from '../../database/database-part.ts';
import type { DurablePart } from '../../database/durable-part.ts';
import { authDatabasePath } from './auth-database.ts';
import { migrations } from './operations.ts';

/** The database of logins, for backups: it holds no mail and no password. */
export function createAuthPart(): DurablePart {
  return createDatabasePart({
    name: 'logins',
    path: authDatabasePath,
    migrations,
    hint: 'Restore it from a backup, or delete it: it only records who has logged in.',
  });
}
