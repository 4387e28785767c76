import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';

const schema = z.strictObject({ account: z.string(), password: z.string().min(1).max(1000) });

export function setAccountPassword(services: Pick<ControlServices, 'accounts' | 'domains'>) {
  return controlCommand(schema, async ({ account, password }) => {
    const name = knownAccount(services.domains.config, account);
    await services.accounts.setPassword(name, password);
    return { account: name };
  });
}
