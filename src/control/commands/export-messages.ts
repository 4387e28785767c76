import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';
import { exportAccount } from '../transfer/export-account.ts';

const schema = z.strictObject({
  format: z.enum(['maildir', 'mbox']),
  account: z.string(),
  mailbox: z.string().optional(),
  path: z.string().refine(isAbsolute, 'an absolute path'),
});

/** Writes the messages of an account as a maildir or as mbox files. */
export function exportCommand(services: Pick<ControlServices, 'accounts' | 'domains'>) {
  return controlCommand(schema, async ({ format, account, mailbox, path }, context) => {
    const name = knownAccount(services.domains.config, account);
    await using opened = await services.accounts.open(name);
    return await exportAccount(opened, { format, path, mailbox }, context);
  });
}
