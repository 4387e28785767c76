import type { DatabaseKind } from '../../database/engine.ts';
import type { operations } from './operations.ts';

export const mtaStsDatabase: DatabaseKind<unknown, typeof operations> = {
  name: 'MTA-STS policies',
  module: new URL('./operations.ts', import.meta.url),
};

/** Below the data directory. */
export const mtaStsDatabasePath = 'mtasts.db';
