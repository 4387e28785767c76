import { createDatabasePart } from '../../../database/database-part.ts';
import type { DurablePart } from '../../../database/durable-part.ts';
import { migrations } from './operations.ts';
import { receivedTlsDatabasePath } from './received-database.ts';

/** The TLS reports on our domains, for backups. */
export function createReceivedTlsPart(): DurablePart {
  return createDatabasePart({
    name: 'TLS reports',
    path: receivedTlsDatabasePath,
    migrations,
    hint: 'Restore it from a backup, or delete it: the messages that brought the reports are still in their mailboxes.',
  });
}
