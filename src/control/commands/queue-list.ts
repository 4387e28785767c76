import { z } from 'zod';
import type { QueuedMessage } from '../../queue/queue.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { queueFilterSchema } from './queue-filter.ts';

const schema = z.strictObject({
  filter: queueFilterSchema,
  after: z.int().nonnegative().optional(),
  limit: z.int().min(1).max(1000).default(1000),
});

export type QueuePage = QueuedMessage[];

/** One page of the queue, by id. */
export function queueList(services: Pick<ControlServices, 'queue'>) {
  return controlCommand(schema, async ({ filter, after, limit }): Promise<QueuePage> => {
    return await services.queue.list({ ...filter, limit, ...(after === undefined ? {} : { after }) });
  });
}
