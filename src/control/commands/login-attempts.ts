import { z } from 'zod';
import type { LoginRecord } from '../../store/login-attempts/login-attempt.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';

const schema = z.strictObject({
  account: z.string().optional(),
  limit: z.int().min(1).max(1000),
});

/** As JSON carries them: a login that is nobody's has no account. */
export type LoginRecords = LoginRecord[];

/** The last logins of an account, or of all, the latest first. */
export function loginAttempts(services: Pick<ControlServices, 'loginAttempts' | 'domains'>) {
  return controlCommand(schema, async ({ account, limit }): Promise<LoginRecords> => {
    const name = account === undefined ? undefined : knownAccount(services.domains.config, account);
    return await services.loginAttempts.list({ account: name, limit });
  });
}
