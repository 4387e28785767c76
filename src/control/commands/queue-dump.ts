import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

const schema = z.strictObject({ id: z.int().positive() });

/** The bytes of a message in the queue. */
export function queueDump(services: Pick<ControlServices, 'queue'>) {
  return controlCommand(schema, async ({ id }, { output }) => {
    for await (const chunk of await services.queue.dump(id)) await output(chunk as Buffer);
  });
}
