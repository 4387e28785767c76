import { join } from 'node:path';
import { makeDirectoryDurably } from '../runtime/durable-file.ts';
import { MessageFiles } from './message-files.ts';
import type { Queue } from './queue.ts';
import { queueDatabase, queueDatabasePath } from './queue-database.ts';
import type { QueueOptions } from './queue-options.ts';
import { removeLeftovers } from './remove-leftovers.ts';
import { RunningQueue } from './running-queue.ts';

/** Opens the queue, creating it as needed, clears away what a crash has left, and starts to deliver. */
export async function startQueue(options: QueueOptions): Promise<Queue> {
  await makeDirectoryDurably(join(options.dataDirectory, 'queue', 'msg'));
  const database = await options.engine.open(queueDatabase, join(options.dataDirectory, queueDatabasePath));
  try {
    const files = new MessageFiles(options.dataDirectory);
    await removeLeftovers(database, files, options.log);
    const queue = new RunningQueue(options, database, files);
    await queue.start();
    return queue;
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}
