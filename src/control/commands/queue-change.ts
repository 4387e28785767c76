import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { queueFilterSchema } from './queue-filter.ts';

const instantMs = z.int().min(-8.64e15).max(8.64e15);

const schema = z.discriminatedUnion('change', [
  z.strictObject({ change: z.enum(['hold', 'unhold', 'fail', 'drop']), filter: queueFilterSchema }),
  z.strictObject({
    change: z.literal('schedule'),
    filter: queueFilterSchema,
    when: z.union([z.strictObject({ at: instantMs }), z.strictObject({ deltaMs: instantMs })]),
  }),
]);

/** Holds, releases, schedules, fails or drops what a filter names. */
export function queueChange(services: Pick<ControlServices, 'queue'>) {
  return controlCommand(schema, async (given): Promise<{ count: number }> => {
    if (given.change === 'schedule') return await services.queue.schedule(given.filter, given.when);
    return await services.queue[given.change](given.filter);
  });
}
