import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ExportResult } from '../../control/transfer/export-messages.ts';
import { printJson } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

const formats = {
  maildir: 'write a Maildir++: Inbox in the directory, other mailboxes as folders in it',
  mbox: 'write a file <mailbox>.mbox for each mailbox',
} as const;

/** Writes the messages of an account. */
export function exportCommand(command: Command): void {
  for (const [format, summary] of Object.entries(formats)) {
    const each = command.command(format).description(summary);
    each
      .argument('<account>', 'name of the account, or one of its addresses')
      .argument('<directory>', 'directory to make; it must not exist yet')
      .argument('[mailbox]', 'one mailbox; otherwise all')
      .option('--json', 'print JSON')
      .action(async (account: string, path: string, mailbox: string | undefined, options: { json?: boolean }) => {
        const result = (await serverOrOfflineRequest(each, 'exportMessages', {
          format,
          account,
          mailbox,
          path: resolve(path),
        })) as ExportResult;
        if (options.json) printJson(result);
        else process.stdout.write(`${result.exported} messages of ${result.mailboxes} mailboxes exported\n`);
      });
  }
}
