import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';

const schema = z.strictObject({ account: z.string() });

/** Makes the junk filter of an account anew. */
export function retrain(services: Pick<ControlServices, 'accounts' | 'domains' | 'retrainJunkFilter'>) {
  return controlCommand(schema, async ({ account }) => {
    const name = (await services.accounts.exists(account)) ? account : knownAccount(services.domains.config, account);
    return { account: name, ...(await services.retrainJunkFilter(name)) };
  });
}
