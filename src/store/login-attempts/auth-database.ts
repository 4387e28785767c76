import type { DatabaseKind } from '../../database/engine.ts';
import type { operations } from './operations.ts';

export const authDatabase: DatabaseKind<unknown, typeof operations> = {
  name: 'auth',
  module: new URL('./operations.ts', import.meta.url),
};

/** Below the data directory. */
export const authDatabasePath = 'auth.db';
