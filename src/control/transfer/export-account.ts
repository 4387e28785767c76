import type { CommandContext } from '../control-command.ts';
import { type ExportedAccount, type ExportResult, exportMessages } from './export-messages.ts';
import { MaildirWriter, makeExportDirectory } from './write-maildir.ts';
import { MboxWriter } from './write-mbox.ts';

/** @throws ExportDestinationError; RestanteError when the mailbox does not exist */
export async function exportAccount(
  account: ExportedAccount,
  { format, path, mailbox }: { format: 'maildir' | 'mbox'; path: string; mailbox: string | undefined },
  context: Pick<CommandContext, 'signal' | 'progress'>,
): Promise<ExportResult> {
  await makeExportDirectory(path);
  await using writer = format === 'maildir' ? new MaildirWriter(path) : new MboxWriter(path);
  return await exportMessages(account, mailbox, writer, context);
}
