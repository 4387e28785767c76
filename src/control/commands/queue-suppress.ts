import { z } from 'zod';
import type { Suppression } from '../../queue/suppressions.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';

const account = z.string().max(64);
const address = z.string().max(320);

const schema = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('list'),
    account: account.optional(),
    after: z.strictObject({ account, baseAddress: address }).optional(),
    limit: z.int().min(1).max(1000).default(1000),
  }),
  z.strictObject({ do: z.literal('add'), account, address, reason: z.string().max(1000).optional() }),
  z.strictObject({ do: z.literal('remove'), account, addresses: z.array(address).min(1).max(1000) }),
  z.strictObject({ do: z.literal('lookup'), address, account: account.optional() }),
]);

export type SuppressAnswer = {
  list: Suppression[];
  add: { added: boolean };
  remove: { count: number };
  lookup: Suppression[];
};

/** Lists, adds, removes or looks up addresses that accounts send nothing to. */
export function queueSuppress({ queue, domains }: Pick<ControlServices, 'queue' | 'domains'>) {
  return controlCommand(schema, async (given): Promise<SuppressAnswer[keyof SuppressAnswer]> => {
    switch (given.do) {
      case 'list':
        return await queue.suppressions.list({ account: given.account }, given.limit, given.after);
      case 'add':
        return await queue.suppressions.add(knownAccount(domains.config, given.account), given.address, given.reason);
      case 'remove':
        return await queue.suppressions.remove(given.account, given.addresses);
      case 'lookup':
        return await queue.suppressions.lookup(given.address, given.account);
    }
  });
}
