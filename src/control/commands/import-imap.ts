import { z } from 'zod';
import { importImapAccount } from '../../imap-import/import-account.ts';
import type { CommandContext } from '../control-command.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';

export type { ImapImportResult } from '../../imap-import/import-tally.ts';

const mailboxName = z.string().min(1).max(1_000);
const patterns = z.array(mailboxName).max(1_000);

const schema = z.strictObject({
  account: z.string().max(320),
  target: z.strictObject({
    host: z.string().min(1).max(255),
    port: z.number().int().min(1).max(65_535),
    tls: z.enum(['implicit', 'starttls', 'none']),
    authorities: z
      .string()
      .max(512 * 1024)
      .optional(),
    fingerprint: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  }),
  credentials: z.strictObject({
    login: z.string().min(1).max(1_000),
    secret: z
      .string()
      .min(1)
      .max(16 * 1024),
    mechanism: z.enum(['auto', 'login', 'plain', 'oauthbearer', 'xoauth2']),
  }),
  source: z.string().min(1).max(1_000).optional(),
  choice: z.strictObject({
    include: patterns,
    exclude: patterns,
    prefix: mailboxName.optional(),
    map: z.array(z.strictObject({ from: mailboxName, to: mailboxName })).max(1_000),
    keepNames: z.boolean(),
    includeVirtual: z.boolean(),
    includeShared: z.boolean(),
  }),
  updateFlags: z.boolean(),
  dryRun: z.boolean(),
});

/** Brings the mail of an account of another IMAP server. */
export function importImap(services: Pick<ControlServices, 'accounts' | 'domains' | 'importMetrics'>) {
  return controlCommand(schema, async ({ account: given, source, choice, ...request }, context) => {
    const name = knownAccount(services.domains.config, given);
    await using account = await services.accounts.open(name);
    return await importImapAccount({
      account,
      accounts: services.accounts,
      request: { ...request, source, choice: { ...choice, prefix: choice.prefix } },
      signal: context.signal,
      log: logOf(context),
      metrics: services.importMetrics,
      onProgress: ({ mailbox, ...progress }) => context.progress({ step: mailbox, unit: 'messages', ...progress }),
    });
  });
}

/** The person who runs the command reads it. */
function logOf(context: Pick<CommandContext, 'log'>) {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) =>
    context.log(level, message, { ...fields });
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => log };
  return log;
}
