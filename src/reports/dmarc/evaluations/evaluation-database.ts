import type { DatabaseKind } from '../../../database/engine.ts';
import type { operations } from './operations.ts';

export const evaluationDatabase: DatabaseKind<unknown, typeof operations> = {
  name: 'dmarc-evaluations',
  module: new URL('./operations.ts', import.meta.url),
};

/** Below the data directory. */
export const evaluationDatabasePath = 'dmarceval.db';
