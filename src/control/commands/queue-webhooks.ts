import { z } from 'zod';
import type { RetiredWebhook, WaitingWebhook } from '../../queue/webhooks.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

const filter = z.strictObject({
  ids: z.array(z.int().positive()).max(100_000).optional(),
  account: z.string().max(64).optional(),
});
const page = { filter, after: z.int().nonnegative().default(0), limit: z.int().min(1).max(1000).default(1000) };

const schema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('list'), ...page }),
  z.strictObject({ do: z.literal('retired'), ...page }),
  z.strictObject({ do: z.literal('cancel'), filter }),
  z.strictObject({ do: z.literal('schedule'), filter, at: z.int().min(0).max(8.64e15) }),
]);

export type WebhooksAnswer = {
  list: WaitingWebhook[];
  retired: RetiredWebhook[];
  cancel: { count: number };
  schedule: { count: number };
};

/** Lists, cancels or schedules requests of webhooks. */
export function queueWebhooks({ queue: { webhooks } }: Pick<ControlServices, 'queue'>) {
  return controlCommand(schema, async (given): Promise<WebhooksAnswer[keyof WebhooksAnswer]> => {
    switch (given.do) {
      case 'list':
        return await webhooks.list(given.filter, given.limit, given.after);
      case 'retired':
        return await webhooks.retired(given.filter, given.limit, given.after);
      case 'cancel':
        return await webhooks.cancel(given.filter);
      case 'schedule':
        return await webhooks.schedule(given.filter, given.at);
    }
  });
}
