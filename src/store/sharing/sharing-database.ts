import type { DatabaseKind } from '../../database/engine.ts';
import type { operations } from './sharing-operations.ts';

export const sharingDatabase: DatabaseKind<unknown, typeof operations> = {
  name: 'sharing',
  module: new URL('./sharing-operations.ts', import.meta.url),
};

/** Below the data directory. */
export const sharingDatabasePath = 'sharing.db';
