import type { DatabaseKind } from '../../../database/engine.ts';
import type { operations } from './operations.ts';

export const tlsResultDatabase: DatabaseKind<unknown, typeof operations> = {
  name: 'TLS results',
  module: new URL('./operations.ts', import.meta.url),
};

/** Below the data directory. */
export const tlsResultDatabasePath = 'tlsrptresult.db';
