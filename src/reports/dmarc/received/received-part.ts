import { createDatabasePart } from '../../../database/database-part.ts';
import type { DurablePart } from '../../../database/durable-part.ts';
import { migrations } from './operations.ts';
import { receivedDatabasePath } from './received-database.ts';

/** The database of received DMARC reports, for backups. */
export function createReceivedDmarcPart(): DurablePart {
  return createDatabasePart({
    name: 'dmarc-reports',
    path: receivedDatabasePath,
    migrations,
    hint: 'Restore it from a backup, or delete it: the messages that brought the reports are in their mailbox.',
  });
}
