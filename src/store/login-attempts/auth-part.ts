import { createDatabasePart } from '../../database/database-part.ts';
import type { DurablePart } from '../../database/durable-part.ts';
import { authDatabasePath } from './auth-database.ts';
import { migrations } from './operations.ts';

/** The database of logins, for backups: it holds no mail and no password, but the keys of certificates that clients log in by. */
export function createAuthPart(): DurablePart {
  return createDatabasePart({
    name: 'logins',
    path: authDatabasePath,
    migrations,
    hint: 'Restore it from a backup. Without one, delete it: it records who has logged in, and holds what `restante config tlspubkey` has added.',
  });
}
