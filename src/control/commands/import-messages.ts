import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';
import { importMessages } from '../transfer/import-messages.ts';
import { readMaildir } from '../transfer/read-maildir.ts';
import { readMbox } from '../transfer/read-mbox.ts';

const schema = z.strictObject({
  format: z.enum(['maildir', 'mbox']),
  account: z.string(),
  mailbox: z.string().min(1),
  path: z.string().refine(isAbsolute, 'an absolute path'),
});

/** Adds the messages of a maildir or an mbox file to an account. */
export function importCommand(services: Pick<ControlServices, 'accounts' | 'domains'>) {
  return controlCommand(schema, async ({ format, account, mailbox, path }, context) => {
    const name = knownAccount(services.domains.config, account);
    const mailboxes = format === 'maildir' ? await readMaildir(path, mailbox) : await readMbox(path, mailbox);
    await using opened = await services.accounts.open(name);
    return await importMessages(services.accounts, opened, mailboxes, context);
  });
}
