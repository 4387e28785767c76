import type { Command } from 'commander';
import { printJson } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

/** Gives mailboxes a new UIDVALIDITY, so that mail programs forget what they know and fetch them anew. */
export function bumpuidvalidity(command: Command): void {
  command
    .argument('<account>', 'name of the account, or one of its addresses')
    .argument('[mailbox]', 'one mailbox; otherwise all of the account')
    .option('--json', 'print JSON')
    .action(async (account: string, mailbox: string | undefined, options: { json?: boolean }) => {
      const bumped = (await serverOrOfflineRequest(command, 'bumpUidValidity', { account, mailbox })) as {
        mailbox: string;
        uidValidity: number;
      }[];
      if (options.json) printJson(bumped);
      else for (const each of bumped) process.stdout.write(`${each.mailbox}: UIDVALIDITY ${each.uidValidity}\n`);
    });
}
