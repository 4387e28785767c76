import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ImportResult } from '../../control/transfer/import-messages.ts';
import { exitCode } from '../exit-code.ts';
import { counted, printJson } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';
import { importImap } from './import-imap.ts';

const formats = {
  maildir: ['add the messages of a maildir, with its Maildir++ folders', 'directory that holds cur and new'],
  mbox: ['add the messages of an mbox file', 'mbox file'],
} as const;

/** Adds messages to an account: in the running server, which reads the files, or in the data directory of a stopped one. */
export function importCommand(command: Command): void {
  importImap(command.command('imap').description('bring the mail of an account of another IMAP server'));
  for (const [format, [summary, source]] of Object.entries(formats)) {
    const each = command.command(format).description(summary);
    each
      .argument('<account>', 'name of the account, or one of its addresses')
      .argument('<source>', source)
      .option('--mailbox <name>', 'mailbox for the messages, made when missing', 'Inbox')
      .option('--json', 'print JSON')
      .action(async (account: string, path: string, options: { mailbox: string; json?: boolean }) => {
        const result = (await serverOrOfflineRequest(each, 'importMessages', {
          format,
          account,
          mailbox: options.mailbox,
          path: resolve(path),
        })) as ImportResult;
        if (options.json) printJson(result);
        else process.stdout.write(`${counted(result.imported, 'message')} imported\n`);
        if (result.failed === 0) return;
        if (!options.json) process.stdout.write(`${counted(result.failed, 'message')} left out\n`);
        process.exitCode = exitCode.incomplete;
      });
  }
}
