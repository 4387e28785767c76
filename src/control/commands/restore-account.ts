import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { restoreAccountOfBackup } from '../restore/restore-account.ts';

const uid = z.number().int().min(0).max(0xffff_ffff);

const schema = z
  .strictObject({
    backup: z.string().refine(isAbsolute, 'an absolute path'),
    account: z.string().max(320),
    selection: z.strictObject({
      mailbox: z.string().optional(),
      messageIds: z.array(z.string()).max(10_000).optional(),
      uids: z
        .array(z.tuple([uid, uid]))
        .max(10_000)
        .optional(),
      since: z.number().optional(),
      before: z.number().optional(),
      search: z.string().min(1).optional(),
    }),
    mode: z.enum(['merge', 'mirror']),
    as: z.string().optional(),
    intoMailbox: z.string().optional(),
    dryRun: z.boolean(),
    allowIncomplete: z.boolean(),
  })
  .refine(
    ({ mode, intoMailbox, selection: { mailbox: _, ...rest } }) =>
      mode === 'merge' || (intoMailbox === undefined && Object.values(rest).every((value) => value === undefined)),
    'a mirror is of a whole account or of one mailbox, and goes to where it was',
  );

/** Brings mail of a backup back into an account. */
export function restoreAccountCommand(
  services: Pick<ControlServices, 'accounts' | 'config' | 'domains' | 'installAccount'>,
) {
  return controlCommand(schema, (request, context) => restoreAccountOfBackup(services, request, context));
}
