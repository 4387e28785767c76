import { createDatabasePart } from '../../../database/database-part.ts';
import type { DurablePart } from '../../../database/durable-part.ts';
import { evaluationDatabasePath } from './evaluation-database.ts';
import { migrations } from './operations.ts';

/** The database of evaluations that are to be reported to others, for backups. */
export function createDmarcEvaluationPart(): DurablePart {
  return createDatabasePart({
    name: 'dmarc-evaluations',
    path: evaluationDatabasePath,
    migrations,
    hint: 'Restore it from a backup, or delete it: reports to other domains will lack what it held.',
  });
}
