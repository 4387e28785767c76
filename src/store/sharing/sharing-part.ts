import { createDatabasePart } from '../../database/database-part.ts';
import type { DurablePart } from '../../database/durable-part.ts';
import { sharingDatabasePath } from './sharing-database.ts';
import { migrations } from './sharing-operations.ts';

/** Where to look for shared mailboxes, for backups: what is allowed is in the accounts. */
export function createSharingPart(): DurablePart {
  return createDatabasePart({
    name: 'sharing',
    path: sharingDatabasePath,
    migrations,
    hint: 'Restore it from a backup, or delete it while the server is stopped: each account that shares mailboxes is in it again once it is used.',
  });
}
