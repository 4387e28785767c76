import { createDatabasePart } from '../../database/database-part.ts';
import type { DurablePart } from '../../database/durable-part.ts';
import { mtaStsDatabasePath } from './mta-sts-database.ts';
import { migrations } from './operations.ts';

/** The MTA-STS policies of other domains, for backups: what an attacker who answers for the DNS must not make us forget. */
export function createMtaStsPart(): DurablePart {
  return createDatabasePart({
    name: 'MTA-STS policies',
    path: mtaStsDatabasePath,
    migrations,
    hint: 'Restore it from a backup, or delete it: the policies are fetched again as mail needs them.',
  });
}
