import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { queueFilterSchema } from './queue-filter.ts';

const schema = z.strictObject({
  filter: queueFilterSchema,
  after: z.int().nonnegative().optional(),
  limit: z.int().min(1).max(1000).default(1000),
});

/** One page of the queue, by id. */
export function queueList(services: Pick<ControlServices, 'queue'>) {
  return controlCommand(schema, async ({ filter, after, limit }) => {
    return await services.queue.list({ ...filter, limit, ...(after === undefined ? {} : { after }) });
  });
}
