import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';

const schema = z.strictObject({ account: z.string(), password: z.string().min(1).max(1000) });

/** Sets the own password of an account, and ends the sessions that were let in by the one before. */
export function setAccountPassword(services: Pick<ControlServices, 'accounts' | 'domains' | 'sessions'>) {
  return controlCommand(schema, async ({ account, password }) => {
    const name = knownAccount(services.domains.config, account);
    await services.accounts.setPassword(name, password);
    services.sessions.revoke(name, undefined);
    return { account: name };
  });
}
