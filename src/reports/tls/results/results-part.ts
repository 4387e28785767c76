import { createDatabasePart } from '../../../database/database-part.ts';
import type { DurablePart } from '../../../database/durable-part.ts';
import { migrations } from './operations.ts';
import { tlsResultDatabasePath } from './results-database.ts';

/** What is to be reported on TLS with other servers, for backups. */
export function createTlsResultPart(): DurablePart {
  return createDatabasePart({
    name: 'TLS results',
    path: tlsResultDatabasePath,
    migrations,
    hint: 'Restore it from a backup, or delete it: some days of reports to other domains are lost then.',
  });
}
