import type { DatabaseKind } from '../../../database/engine.ts';
import type { operations } from './operations.ts';

export const receivedDatabase: DatabaseKind<unknown, typeof operations> = {
  name: 'dmarc-reports',
  module: new URL('./operations.ts', import.meta.url),
};

/** Below the data directory. */
export const receivedDatabasePath = 'dmarcrpt.db';
