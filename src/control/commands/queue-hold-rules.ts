import { z } from 'zod';
import type { KeptHoldRule } from '../../queue/hold-rules.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';

const schema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('list') }),
  z.strictObject({
    do: z.literal('add'),
    account: z.string().max(64).optional(),
    senderDomain: z.string().max(255).optional(),
    recipientDomain: z.string().max(255).optional(),
  }),
  z.strictObject({ do: z.literal('remove'), ids: z.array(z.int().positive()).min(1).max(1000) }),
]);

export type HoldRulesAnswer = { list: KeptHoldRule[]; add: { id: number; held: number }; remove: { count: number } };

/** Lists, adds or removes rules by which messages are held as they come. */
export function queueHoldRules({ queue }: Pick<ControlServices, 'queue'>) {
  return controlCommand(schema, async (given): Promise<HoldRulesAnswer[keyof HoldRulesAnswer]> => {
    if (given.do === 'list') return await queue.holdRules.list();
    if (given.do === 'remove') return await queue.holdRules.remove(given.ids);
    const { account, senderDomain, recipientDomain } = given;
    return await queue.holdRules.add({ account, senderDomain, recipientDomain });
  });
}
