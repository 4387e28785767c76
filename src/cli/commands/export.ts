import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ExportResult } from '../../control/transfer/export-messages.ts';
import { interruption } from '../interruption.ts';
import { counted, printJson } from '../print-result.ts';
import { ProgressLine } from '../progress-line.ts';
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
      .option('--from-backup <backup>', 'of the account as it is in a backup; no server is needed')
      .option('--json', 'print JSON')
      .action(async (account: string, path: string, mailbox: string | undefined, options: ExportOptions) => {
        const request = { format: format as keyof typeof formats, mailbox, path: resolve(path) };
        const result =
          options.fromBackup === undefined
            ? ((await serverOrOfflineRequest(each, 'exportMessages', { ...request, account })) as ExportResult)
            : await exportFromBackup(options.fromBackup, account, request);
        if (options.json) printJson(result);
        else
          process.stdout.write(
            `${counted(result.exported, 'message')} of ${counted(result.mailboxes, 'mailbox')} exported\n`,
          );
      });
  }
}

interface ExportOptions {
  fromBackup?: string;
  json?: boolean;
}

async function exportFromBackup(
  directory: string,
  name: string,
  request: { format: keyof typeof formats; mailbox: string | undefined; path: string },
): Promise<ExportResult> {
  const { openBackup } = await import('../../control/restore/open-backup.ts');
  const { exportAccount } = await import('../../control/transfer/export-account.ts');
  const backup = await openBackup(resolve(directory));
  await using account = await backup.openAccount(name);
  const shown = new ProgressLine();
  try {
    return await exportAccount(account, request, { signal: interruption(), progress: (step) => shown.show(step) });
  } finally {
    shown.clear();
  }
}
