import type { DatabaseKind } from '../database/engine.ts';
import type { QueueOperations } from './operations.ts';
import type { QueueSchema } from './schema.ts';

export const queueDatabase: DatabaseKind<QueueSchema, QueueOperations> = {
  name: 'queue',
  module: new URL('./operations.ts', import.meta.url),
};

/** Below the data directory. */
export const queueDatabasePath = 'queue/index.db';
