import { z } from 'zod';
import type { RetiredMessage } from '../../queue/retired-messages.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

const schema = z.strictObject({
  filter: z.strictObject({
    account: z.string().optional(),
    sender: z.string().optional(),
    recipient: z.string().optional(),
    messageId: z.string().optional(),
    end: z.enum(['delivered', 'relayed', 'failed', 'suppressed', 'dropped']).optional(),
    since: z.int().nonnegative().optional(),
  }),
  after: z.strictObject({ endedAt: z.int(), id: z.int() }).optional(),
  limit: z.int().min(1).max(1000).default(1000),
});

export type RetiredPage = RetiredMessage[];

/** One page of what became of messages, by the time they ended. */
export function queueRetired({ queue }: Pick<ControlServices, 'queue'>) {
  return controlCommand(schema, async ({ filter, after, limit }): Promise<RetiredPage> => {
    return await queue.retired.list(filter, limit, after);
  });
}
