import { z } from 'zod';
import { repairKinds } from '../../store/repair/repair-account.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';

const schema = z.strictObject({ kind: z.enum(repairKinds), account: z.string(), dryRun: z.boolean() });

/** Mends one kind of damage of an account, also of one that is on disk and not in the configuration. */
export function repair(services: Pick<ControlServices, 'accounts' | 'domains'>) {
  return controlCommand(schema, async ({ kind, account, dryRun }, { signal, progress }) => {
    const name = (await services.accounts.exists(account)) ? account : knownAccount(services.domains.config, account);
    await using opened = await services.accounts.open(name);
    const repaired = await opened.repair(kind, {
      dryRun,
      signal,
      onProgress: (done, total) => progress({ step: kind, done, total, unit: 'messages' }),
    });
    return { account: name, ...repaired };
  });
}
