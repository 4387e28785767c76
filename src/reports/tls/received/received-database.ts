import type { DatabaseKind } from '../../../database/engine.ts';
import type { operations } from './operations.ts';

export const receivedTlsDatabase: DatabaseKind<unknown, typeof operations> = {
  name: 'TLS reports',
  module: new URL('./operations.ts', import.meta.url),
};

/** Below the data directory. */
export const receivedTlsDatabasePath = 'tlsrpt.db';
